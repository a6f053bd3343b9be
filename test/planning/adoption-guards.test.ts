import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Adopting } from '../support/adoption.ts';
import { adopting, faces, rights, runScript } from '../support/adoption.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { sqlstate } from '../support/sqlstate.ts';

let world: SmallDataset;
let cli: Adopting;
beforeEach(async () => {
  world = await createDataset();
  await world.query(
    'CREATE VIEW finance.monthly AS SELECT sum(net) AS net FROM finance.sales_by_day; GRANT SELECT ON finance.monthly TO dashboard; GRANT SELECT ON finance.sales_by_day TO dashboard',
  );
  cli = await adopting(world, 'finance.sales_by_day');
});
afterEach(async () => {
  await cli.end();
  await world.end();
});

const seen = async (): Promise<unknown> => ({ faces: await faces(world), rights: await rights(world) });

/** What the script is refused with; that nothing was changed is looked at here. */
async function refusedWith(script: string): Promise<string | null> {
  const before = await seen();
  const message = await runScript(world, script);
  expect(await seen()).toEqual(before);
  return message;
}

describe('a script whose world has changed since the review changes nothing', () => {
  it.each([
    {
      what: 'a view was defined anew',
      change: 'CREATE OR REPLACE VIEW finance.monthly AS SELECT sum(net) + 0 AS net FROM finance.sales_by_day',
      message: 'view finance.monthly is not defined as it was reviewed; draw the adoption up again',
    },
    {
      what: 'a view is gone',
      change: 'DROP VIEW finance.monthly',
      message: 'view finance.monthly is not defined as it was reviewed; draw the adoption up again',
    },
    {
      what: 'another table has the name',
      change: `ALTER TABLE finance.sales_by_day RENAME TO former; CREATE TABLE finance.sales_by_day (LIKE finance.former)`,
      message: 'finance.sales_by_day is not the table that was reviewed; draw the adoption up again',
    },
  ])('$what', async ({ change, message }) => {
    const { answer } = await cli.adopt();
    await world.query(change);
    expect(await refusedWith(answer.script)).toBe(message);
  });

  it('a script that was run and undone', async () => {
    const { answer } = await cli.adopt();
    await world.query(answer.script);
    await world.query(answer.undo);
    expect(await refusedWith(answer.script)).toBe(`${answer.releaseId} was run and undone; draw the adoption up again`);
  });

  it('whoever drew it up does not run it', async () => {
    const [{ me } = { me: '' }] = await world.query<{ me: string }>('SELECT session_user AS me');
    const { answer } = await cli.adopt('--by', me.toUpperCase());
    expect(await refusedWith(answer.script)).toContain('approver_is_not_requester');
  });

  it('a view that somebody reads is waited for, but not for long', async () => {
    const { answer } = await cli.adopt();
    const [first, ...waits] = [...answer.script.matchAll(/lock_timeout = '(\d+)ms'|CREATE|GRANT|ALTER/g)];
    expect([first?.[0], ...waits.filter(([, ms]) => Number(ms ?? 0) > 1500)]).toEqual([`lock_timeout = '200ms'`]);
    const reader = await world.admin.connect();
    try {
      await reader.query('BEGIN; SELECT FROM finance.monthly');
      expect(await refusedWith(answer.script)).toBe('canceling statement due to lock timeout');
      expect((await cli.adopt('--prove')).answer.proof).toEqual({
        state: 'not proved',
        detail: 'a lock was not granted in time, because somebody reads or writes; try again',
      });
    } finally {
      await reader.query('ROLLBACK');
      reader.release();
    }
    await world.query(answer.script);
    expect((await cli.check()).exitCode).toBe(0);
  });
});

describe('what would lose more than its way to the table', () => {
  it('is a writer that reads it by the grant of everybody, and gets one of its own', async () => {
    await world.query(
      `GRANT USAGE ON SCHEMA finance TO finance_export; REVOKE SELECT ON finance.sales_by_day FROM dashboard, revenue_pipeline, backfill_worker; GRANT SELECT ON finance.sales_by_day TO PUBLIC; GRANT SELECT ON finance.sales_by_day TO backfill_worker`,
    );
    const before = await rights(world);
    const { answer } = await cli.adopt('--prove');
    expect(answer.proof.state).toBe('proved');
    await world.query(answer.script);
    await world.as('revenue_pipeline', `UPDATE finance.sales_by_day SET tax = tax WHERE day = '2025-01-03'`);
    await expect(world.as('dashboard', 'SELECT FROM finance.sales_by_day')).rejects.toThrow('permission denied');
    expect(await world.as('finance_export', 'SELECT FROM finance.sales_current LIMIT 1')).toHaveLength(1);
    await world.query(answer.undo);
    expect(await rights(world)).toEqual(before);
  });

  it('is no secret of an administrator: a materialised view is filled as its owner', async () => {
    await world.query(
      `CREATE FUNCTION finance.caller() RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN current_user; END $$;
       CREATE MATERIALIZED VIEW finance.kept AS SELECT finance.caller() AS filled_as, max(net) AS net FROM finance.sales_by_day;
       ALTER MATERIALIZED VIEW finance.kept OWNER TO finance_owner`,
    );
    const { answer } = await cli.adopt();
    await world.query(answer.script);
    expect(await world.query('SELECT filled_as FROM finance.kept')).toEqual([{ filled_as: 'finance_owner' }]);
  });
});

describe('while a backfill works on the table', () => {
  it('neither an adoption nor its undoing goes on', async () => {
    const { answer: early } = await cli.adopt();
    await world.query('REVOKE SELECT ON finance.sales_by_day FROM dashboard; DROP VIEW finance.monthly');
    await world.plan();
    await world.query('CREATE VIEW finance.monthly AS SELECT sum(net) AS net FROM finance.sales_by_day');
    expect(await cli.adopt()).toMatchObject({
      exitCode: 2,
      answer: {
        kind: 'refused',
        reasons: [
          'fix-tax (planning) is at work on finance.sales_by_day: its view and its readers stay as they are until it has ended',
        ],
      },
    });
    const message =
      'a backfill is at work on this table, or its release is shown; wait until it has ended. Nothing was changed';
    expect(await refusedWith(early.script)).toBe(message);
    expect(await refusedWith(early.undo)).toBe(message);
  });
});

describe('the release of an adoption', () => {
  it('is no publication, blocks none, and is written by the ledger owner alone', async () => {
    const { answer } = await cli.adopt();
    await world.query(answer.script);
    const insert = `INSERT INTO governance.data_releases (release_id, kind, dataset, source_range, code_version, approved_by, requested_by, evidence_digest, plan_hash, state, epoch, fence, rollback_deadline, adoption)
      VALUES ('x', $1, 'finance.sales_by_day', 'all', '', 'erin', 'dora', '', '', $2, 0, 0, 'infinity', $3)`;
    const given = (kind: string, state: string, adoption: string | null): Promise<unknown> =>
      world.query(insert, [kind, state, adoption]);
    expect(await sqlstate(world.as('backfill_worker', insert, ['adoption', 'adopted', '{}']))).toMatchObject({
      code: '42501',
    });
    await world.query('ALTER TABLE governance.data_releases DISABLE TRIGGER only_by_publication');
    for (const [kind, state, adoption, constraint] of [
      ['adoption', 'published', '{}', 'adoption_is_no_publication'],
      ['adoption', 'adopted', null, 'adoption_is_no_publication'],
      ['publication', 'published', null, 'publication_has_its_approval'],
    ] as const)
      expect(await sqlstate(given(kind, state, adoption))).toEqual({ code: '23514', constraint });
    await world.query('ALTER TABLE governance.data_releases ENABLE TRIGGER only_by_publication');

    await world.plan();
    await world.preserve();
    await world.build();
    await world.conclude();
    await world.approve();
    expect(await world.publish()).toBe('FIN-1');
    expect(await world.as('dashboard', 'SELECT net FROM finance.monthly')).toEqual(
      await world.query('SELECT sum(net) AS net FROM finance.sales_current'),
    );
    expect(await world.query('SELECT kind, state FROM governance.data_releases ORDER BY 1')).toEqual([
      { kind: 'adoption', state: 'adopted' },
      { kind: 'publication', state: 'published' },
    ]);
  });
});

describe('the command', () => {
  it('prints a script that runs as it is, for the role that backfills work with as well', async () => {
    const { exitCode, stdout } = await cli.text();
    expect(exitCode).toBe(0);
    expect(stdout).toContain('-- not proved: nobody asked for it');
    await world.query(stdout);
    const { stdout: checked } = await cli.text('--check');
    expect(checked).toBe('finance.sales_by_day: every reader goes through finance.sales_current.\n');
    expect(await cli.text()).toMatchObject({
      exitCode: 0,
      stdout: 'Nothing to adopt: every reader goes through the view.\n',
    });
  });

  it('writes script, undo and the dbt source into a folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'backfill-out-'));
    try {
      const { answer } = await cli.adopt('--out', join(folder, 'adoption'));
      const read = (file: string): Promise<string> => readFile(join(folder, 'adoption', file), 'utf8');
      expect(await read('adopt.sql')).toBe(answer.script);
      expect(await read('undo.sql')).toBe(answer.undo);
      expect(parse(await read('sources.yml'))).toEqual({
        sources: [
          { name: 'finance', schema: 'finance', tables: [{ name: 'sales_by_day', identifier: 'sales_current' }] },
        ],
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('says that nothing is proved where the role may not run the script', async () => {
    const { stdout } = await cli.text('--prove', '--admin-url', world.urls.backfill_worker, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      proof: {
        state: 'not proved',
        detail: expect.stringMatching(/^this role may not run it: .*\(42501\); try as administrator/) as string,
      },
    });
  });

  it('refuses what does not go together, what it does not know, and a table that cannot be adopted', async () => {
    expect(await cli.text('--check', '--prove')).toMatchObject({
      exitCode: 2,
      stderr: '--check looks at what is there; it goes with none of --plan, --prove, --keep-name and --out\n',
    });
    expect(await cli.text('--base-name', 'x')).toMatchObject({ exitCode: 2 });
    expect(await cli.text('--keep-name', '--base-name', 'other.x')).toMatchObject({
      exitCode: 2,
      stderr: '--base-name other.x: the table stays in schema finance\n',
    });
    await world.query(
      'ALTER TABLE finance.sales_by_day ENABLE ROW LEVEL SECURITY; ALTER VIEW finance.sales_current SET (security_invoker = true); CREATE TABLE finance.taken ()',
    );
    const { exitCode, stderr } = await cli.text('--keep-name', '--base-name', 'taken');
    expect({ exitCode, reasons: stderr.split('\n').slice(1, -1) }).toEqual({
      exitCode: 2,
      reasons: [
        '- finance.sales_by_day has row security, which would be judged for the owner of the view and not for its reader; this version refuses such tables',
        '- finance.taken exists already; choose another name for the table with --base-name',
      ],
    });
    expect((await cli.text()).stderr).toContain('view finance.sales_current is security_invoker');
  });
});
