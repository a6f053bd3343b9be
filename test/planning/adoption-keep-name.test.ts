import { afterEach, describe, expect, it } from 'vitest';
import { install } from '../../src/ledger/install.ts';
import type { Adopting } from '../support/adoption.ts';
import { adopting, faces, rights, runScript } from '../support/adoption.ts';
import { QUOTED } from '../support/odd-datasets.ts';
import { CONTRACT, SPEC } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
let cli: Adopting;
afterEach(async () => {
  await cli.end();
  await world.end();
});

const READERS = `
CREATE VIEW finance.monthly AS SELECT date_trunc('month', day) AS month, sum(net) AS net, count(*) AS n FROM finance.sales_by_day GROUP BY 1;
CREATE MATERIALIZED VIEW finance.kept AS SELECT day, sum(net) AS net FROM finance.sales_by_day GROUP BY day;
CREATE UNIQUE INDEX kept_day ON finance.kept (day);
CREATE FUNCTION finance.total() RETURNS numeric BEGIN ATOMIC SELECT sum(net) FROM finance.sales_by_day; END;
CREATE FUNCTION finance.top() RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT max(net) FROM finance.sales_by_day); END $$;
CREATE PROCEDURE finance.load() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM finance.sales_by_day WHERE false; END $$;
CREATE PROCEDURE finance.follow() BEGIN ATOMIC DELETE FROM finance.sales_by_day WHERE false; END;
COMMENT ON TABLE finance.sales_by_day IS 'what was sold';
COMMENT ON COLUMN finance.sales_by_day.net IS 'without tax';
GRANT SELECT ON finance.sales_by_day TO dashboard;
GRANT SELECT (day, net) ON finance.sales_by_day TO finance_export;`;

const ROWS = `SELECT 'table' AS of, to_jsonb(x) AS row FROM finance.sales_by_day x UNION ALL SELECT 'view', to_jsonb(x) FROM finance.sales_current x UNION ALL SELECT 'month', to_jsonb(x) FROM finance.monthly x
  UNION ALL SELECT 'kept', to_jsonb(x) FROM finance.kept x UNION ALL SELECT 'total', to_jsonb(finance.total()) UNION ALL SELECT 'top', to_jsonb(finance.top()) ORDER BY 1, 2`;

const AFTERWARDS = CONTRACT.replace('dataset: finance.sales_by_day', 'dataset: finance.sales_by_day_base').replace(
  'published_view: finance.sales_current',
  'published_view: finance.sales_by_day',
);

describe('an adoption under the name of the table', () => {
  it('renames the table once, shows every reader the same rows, lists the writers, and can be undone', async () => {
    world = await createDataset();
    await world.query(READERS);
    cli = await adopting(world, 'finance.sales_by_day');
    expect((await cli.check()).answer.readers.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual([
      'function finance.top()',
      'function finance.total()',
      'materialised view finance.kept',
      'role dashboard',
      'role finance_export',
      'view finance.monthly',
    ]);
    const before = { rows: await world.query(ROWS), faces: await faces(world), rights: await rights(world) };

    const { exitCode, answer } = await cli.adopt('--keep-name', '--prove');
    expect({ exitCode, proof: answer.proof.state, byHand: answer.byHand }).toEqual({
      exitCode: 0,
      proof: 'proved',
      byHand: [],
    });
    expect(answer.writers.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'role revenue_pipeline',
      'function finance.follow()',
      'function finance.load()',
    ]);
    expect(answer.writers.map(({ advice }) => advice)).toEqual([
      'let it write finance.sales_by_day_base; until then INSERT, UPDATE and DELETE work through finance.sales_by_day while that is plain, COPY, TRUNCATE, LOCK and ALTER do not, and no backfill is planned. Then: REVOKE INSERT, UPDATE, DELETE ON finance.sales_by_day FROM revenue_pipeline;',
      'its body is parsed and follows the table to finance.sales_by_day_base: nothing to do',
      'its text writes finance.sales_by_day, which is the view afterwards: let it write finance.sales_by_day_base',
    ]);
    expect(answer.contract).toEqual(['dataset: finance.sales_by_day_base', 'published_view: finance.sales_by_day']);

    await world.query(answer.script);
    expect(await world.query(ROWS)).toEqual(before.rows);
    expect(
      await world.query(
        `SELECT relkind FROM pg_class WHERE oid IN ('finance.sales_by_day'::regclass, 'finance.sales_by_day_base'::regclass) ORDER BY 1`,
      ),
    ).toEqual([{ relkind: 'r' }, { relkind: 'v' }]);
    expect(await world.as('dashboard', 'SELECT count(*)::int AS n FROM finance.sales_by_day')).toEqual([{ n: 80 }]);
    await expect(world.as('dashboard', 'SELECT FROM finance.sales_by_day_base')).rejects.toThrow('permission denied');
    expect(await runScript(world, answer.script)).toMatch(
      'finance.sales_by_day is no table: this script was run already',
    );

    // Writers go on under the old name, until they are repointed.
    await world.as('revenue_pipeline', `UPDATE finance.sales_by_day SET tax = tax WHERE day = '2025-01-03'`);
    await world.as('revenue_pipeline', `UPDATE finance.sales_by_day_base SET tax = tax WHERE day = '2025-01-03'`);
    await expect(world.as('revenue_pipeline', 'TRUNCATE finance.sales_by_day')).rejects.toThrow('is not a table');

    await cli.contract(AFTERWARDS, 'finance.sales_by_day_base');
    const early = await cli.check();
    expect(early).toMatchObject({ exitCode: 3, answer: { complete: false, readers: [] } });
    expect(early.answer.problems).toEqual([
      'role revenue_pipeline may write through finance.sales_by_day; let it write finance.sales_by_day_base, then: REVOKE INSERT, UPDATE, DELETE ON "finance"."sales_by_day" FROM revenue_pipeline',
    ]);
    await world.query('REVOKE INSERT, UPDATE, DELETE ON finance.sales_by_day FROM revenue_pipeline');
    expect(await cli.check()).toMatchObject({ exitCode: 0, answer: { complete: true } });

    await install(world.adminUrl, {
      ...world.installOptions,
      dataset: { schema: 'finance', name: 'sales_by_day_base' },
      view: { schema: 'finance', name: 'sales_by_day' },
    });
    expect(
      await cli.plan(SPEC.replace('table: finance.sales_by_day', 'table: finance.sales_by_day_base')),
    ).toMatchObject({ kind: 'plan' });

    await world.query(answer.undo);
    expect(await world.query(ROWS)).toEqual(before.rows);
    expect({ faces: await faces(world), rights: await rights(world) }).toEqual({
      faces: before.faces,
      rights: before.rights,
    });
  });

  it('keeps names apart that need quoting, and takes the name that it is given', async () => {
    world = await createDataset(QUOTED);
    await world.query(
      `CREATE VIEW finance."By ""Day""" AS SELECT "Revenue 100% Date", count(DISTINCT "Daily 5% Revenue"."50% share") AS n FROM finance."Daily 5% Revenue" GROUP BY 1`,
    );
    await world.query('GRANT SELECT ("select", "50% share") ON finance."Daily 5% Revenue" TO dashboard');
    cli = await adopting(world, 'finance."Daily 5% Revenue"');
    const rows = `SELECT * FROM finance."By ""Day""" ORDER BY 1`;
    const before = await world.query(rows);
    const { answer } = await cli.adopt('--keep-name', '--base-name', '"Daily ""base"""', '--prove');
    expect(answer).toMatchObject({
      base: 'finance."Daily ""base"""',
      view: 'finance."Daily 5% Revenue"',
      proof: { state: 'proved' },
    });
    await world.query(answer.script);
    expect(await world.query(rows)).toEqual(before);
    expect(await world.as('dashboard', 'SELECT count("50% share")::int AS n FROM finance."Daily 5% Revenue"')).toEqual([
      { n: 80 },
    ]);
    await world.query(answer.undo);
    expect(await world.query(rows)).toEqual(before);
  });
});

describe('a table without a published view', () => {
  it('gets one, with its owner and its readers, and the ledger that is missing', async () => {
    world = await createDataset({ installed: false });
    await world.query(
      `DROP VIEW finance.sales_current; COMMENT ON COLUMN finance.sales_by_day.net IS 'without tax'; GRANT SELECT ON finance.sales_by_day TO dashboard WITH GRANT OPTION;
       CREATE VIEW finance.whole AS SELECT to_jsonb(s) AS row FROM finance.sales_by_day s`,
    );
    cli = await adopting(world, 'finance.sales_by_day');
    const rows = 'SELECT row FROM finance.whole ORDER BY row';
    const before = await world.query(rows);
    const { exitCode, answer } = await cli.adopt('--prove');
    expect({ exitCode, proof: answer.proof.state, byHand: answer.byHand }).toEqual({
      exitCode: 0,
      proof: 'proved',
      byHand: [],
    });
    expect(
      await world.query(`SELECT to_regclass('finance.sales_current') AS view, to_regnamespace('governance') AS ledger`),
    ).toEqual([{ view: null, ledger: null }]);
    await world.query(answer.script);
    expect(await world.query(rows)).toEqual(before);
    expect(await cli.check()).toMatchObject({ exitCode: 0, answer: { complete: true } });
    expect(
      await world.query(
        `SELECT relowner::regrole::text AS owner, relacl::text AS rights, col_description(oid, 4) AS net FROM pg_class WHERE oid = 'finance.sales_current'::regclass`,
      ),
    ).toEqual([
      {
        owner: 'finance_owner',
        rights:
          '{finance_owner=arwdDxtm/finance_owner,backfill_worker=r/finance_owner,dashboard=r*/finance_owner,finance_views=r/finance_owner}',
        net: 'without tax',
      },
    ]);
    expect(await install(world.adminUrl, world.installOptions)).toEqual([
      'installed the elevated functions of finance.sales_by_day',
    ]);
    expect((await world.draft()).kind).toBe('plan');
    await world.query(answer.undo);
    expect(await world.query(`SELECT to_regclass('finance.sales_current') AS view`)).toEqual([{ view: null }]);
    expect(await world.query('SELECT state, rolled_back_by FROM governance.data_releases')).toMatchObject([
      { state: 'rolled_back' },
    ]);
  });

  it('in another schema, which its readers may use, and nobody else', async () => {
    const contract = CONTRACT.replace('published_view: finance.sales_current', 'published_view: shown."Sales"');
    world = await createDataset({ installed: false, contract });
    await world.query(
      `DROP VIEW finance.sales_current; CREATE SCHEMA shown AUTHORIZATION finance_owner; GRANT SELECT ON finance.sales_by_day TO dashboard, finance_export`,
    );
    cli = await adopting(world, 'finance.sales_by_day');
    const { answer } = await cli.adopt('--prove');
    expect(answer.proof.state).toBe('proved');
    await world.query(answer.script);
    for (const role of ['dashboard', 'backfill_worker'] as const)
      expect(await world.as(role, 'SELECT FROM shown."Sales" LIMIT 1')).toHaveLength(1);
    // It had the right on the table, and none on its schema.
    await expect(world.as('finance_export', 'SELECT FROM shown."Sales"')).rejects.toThrow('for schema shown');
    expect(await cli.check()).toMatchObject({ exitCode: 0 });
    await world.query(answer.undo);
    await expect(world.as('dashboard', 'SELECT FROM shown."Sales"')).rejects.toThrow('for schema shown');
  });
});
