import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Adopting, Face } from '../support/adoption.ts';
import { adopting, faces, rights, runScript } from '../support/adoption.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

/** One reader of every kind, with names that need quoting, options, comments, rights and an index. */
const READERS = `
CREATE SCHEMA "Odd reports" AUTHORIZATION finance_views;
GRANT USAGE ON SCHEMA "Odd reports" TO dashboard, backfill_worker;
CREATE VIEW "Odd reports"."By month" WITH (security_barrier = true) AS
  SELECT date_trunc('month', s.day) AS month, s.merchant, sum(net) AS "Net ""of"" tax", 'finance.sales_by_day' AS source
    FROM finance.sales_by_day s JOIN (SELECT DISTINCT sales_by_day.merchant FROM finance.sales_by_day WHERE gross > 0) known USING (merchant) GROUP BY 1, 2;
ALTER VIEW "Odd reports"."By month" OWNER TO finance_views;
COMMENT ON VIEW "Odd reports"."By month" IS 'reads finance.sales_by_day';
GRANT SELECT ON "Odd reports"."By month" TO dashboard WITH GRANT OPTION;
CREATE VIEW finance.yearly AS SELECT sum("Net ""of"" tax") AS net FROM "Odd reports"."By month";
CREATE MATERIALIZED VIEW finance.kept WITH (fillfactor = 80) AS SELECT day, sum(net) AS net FROM finance.sales_by_day GROUP BY day;
ALTER MATERIALIZED VIEW finance.kept OWNER TO finance_owner;
CREATE UNIQUE INDEX "kept by day" ON finance.kept (day);
CREATE INDEX kept_net ON finance.kept (net) WHERE net > 0;
COMMENT ON INDEX finance.kept_net IS 'positive days';
COMMENT ON MATERIALIZED VIEW finance.kept IS 'one row a day';
COMMENT ON COLUMN finance.kept.net IS 'without tax';
GRANT SELECT ON finance.kept TO dashboard;
CREATE VIEW finance.over_kept AS SELECT k.net, s.gross FROM finance.kept k JOIN finance.sales_by_day s USING (day);
CREATE FUNCTION finance.total(d date DEFAULT '2025-01-02') RETURNS numeric LANGUAGE sql STABLE SECURITY DEFINER
  BEGIN ATOMIC SELECT sum(sales_by_day.net) FROM finance.sales_by_day WHERE day = d; END;
ALTER FUNCTION finance.total(date) OWNER TO finance_views;
GRANT SELECT ON finance.sales_by_day TO dashboard;
GRANT SELECT (day, net) ON finance.sales_by_day TO finance_export;`;

const BY_TEXT = `CREATE OR REPLACE FUNCTION finance.latest() RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT max(net) FROM finance.TABLE); END $$`;

const ROWS = `SELECT 'month' AS of, to_jsonb(x) AS row FROM "Odd reports"."By month" x UNION ALL SELECT 'year', to_jsonb(x) FROM finance.yearly x UNION ALL SELECT 'kept', to_jsonb(x) FROM finance.kept x
  UNION ALL SELECT 'over', to_jsonb(x) FROM finance.over_kept x UNION ALL SELECT 'total', to_jsonb(finance.total()) UNION ALL SELECT 'latest', to_jsonb(finance.latest()) ORDER BY 1, 2`;

let world: SmallDataset;
let cli: Adopting;
beforeEach(async () => {
  world = await createDataset();
  await world.query(READERS + BY_TEXT.replace('TABLE', 'sales_by_day'));
  cli = await adopting(world, 'finance.sales_by_day');
});
afterEach(async () => {
  await cli.end();
  await world.end();
});

const reads = (names: readonly { kind: string; name: string }[]): string[] =>
  names.map(({ kind, name }) => `${kind} ${name}`);

const DIRECT = [
  'function finance.latest()',
  'function finance.total(d date)',
  'materialised view finance.kept',
  'role dashboard',
  'role finance_export',
  'view Odd reports.By month',
  'view finance.over_kept',
];

describe('an adoption behind the view that there is', () => {
  it('is drawn up, proved, run, complete, and undone without a trace', async () => {
    const before = { rows: await world.query(ROWS), faces: await faces(world), rights: await rights(world) };
    expect(reads((await cli.check()).answer.readers).sort()).toEqual(DIRECT);

    const first = await cli.adopt('--prove');
    expect({ exitCode: first.exitCode, proof: first.answer.proof }).toMatchObject({
      exitCode: 3,
      proof: { state: 'proved', detail: expect.stringContaining('rolled back') as string },
    });
    expect(reads(first.answer.byHand)).toEqual(['function finance.latest()']);
    expect(await runScript(world, first.answer.script)).toBe(
      'function finance.latest() still reads the table past the view: change it first, or leave it with --leave; nothing was changed',
    );
    expect(await faces(world)).toEqual(before.faces);

    await world.query(BY_TEXT.replace('TABLE', 'sales_current'));
    const { exitCode, answer } = await cli.adopt('--prove');
    expect({ exitCode, proof: answer.proof.state, byHand: answer.byHand }).toEqual({
      exitCode: 0,
      proof: 'proved',
      byHand: [],
    });
    // The proof left nothing behind.
    expect(await faces(world)).toEqual(before.faces);

    await world.query(answer.script);
    expect(await cli.check()).toMatchObject({ exitCode: 0, answer: { complete: true, readers: [], problems: [] } });
    expect(await world.query(ROWS)).toEqual(before.rows);
    const plain = (face: Face): object => ({ ...face, definition: undefined });
    // The published view alone has more readers than before.
    const others = before.faces.filter(({ name }) => name !== 'finance.sales_current');
    expect((await faces(world)).filter(({ name }) => name !== 'finance.sales_current').map(plain)).toEqual(
      others.map(plain),
    );
    expect((await world.draft()).kind).toBe('plan');
    expect(
      await world.query(
        'SELECT kind, dataset, state, requested_by, approved_by = session_user AS ran FROM governance.data_releases',
      ),
    ).toEqual([
      { kind: 'adoption', dataset: 'finance.sales_by_day', state: 'adopted', requested_by: 'dora', ran: true },
    ]);

    // Its owner may read what it reads now.
    await world.query('REFRESH MATERIALIZED VIEW finance.kept');
    // Again, it changes nothing.
    const after = { faces: await faces(world), rights: await rights(world) };
    await world.query(answer.script);
    expect({ faces: await faces(world), rights: await rights(world) }).toEqual(after);

    await world.query(answer.undo);
    expect(await world.query(ROWS)).toEqual(before.rows);
    expect({ faces: await faces(world), rights: await rights(world) }).toEqual({
      faces: before.faces,
      rights: before.rights,
    });
    expect(reads((await cli.check()).answer.readers).sort()).toEqual(DIRECT.filter((one) => !one.includes('latest')));
    expect(await world.query('SELECT state FROM governance.data_releases')).toEqual([{ state: 'rolled_back' }]);
  });
});
