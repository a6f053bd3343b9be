import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { rollbackStatement } from '../../src/ledger/releases.ts';
import { shapeView } from '../../src/warehouse/postgres/statements/elevated.ts';
import { grantOverlay, vacuumOverlay } from '../../src/warehouse/postgres/statements/prepare-overlay.ts';
import { SPEC } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { failureOf, sqlstate } from '../support/sqlstate.ts';
import { waitFor } from '../support/wait-for.ts';

const WITH_GAP = SPEC.replace(
  'end: 2025-01-14 }',
  'end: 2025-01-14, exclude: [{ start: 2025-01-05, end: 2025-01-07 }] }',
);

/** All that a reader can see of the view besides its rows. */
const SURROUNDINGS = `
  SELECT c.relowner::regrole::text AS owner, c.relacl::text AS rights, c.reloptions, obj_description(c.oid) AS comment,
         col_description(c.oid, 2) AS "columnComment",
         (SELECT jsonb_agg(jsonb_build_object('name', attname, 'type', format_type(atttypid, atttypmod)) ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0) AS columns,
         (SELECT jsonb_agg(dependent.ev_class::regclass::text) FROM pg_depend d JOIN pg_rewrite dependent ON dependent.oid = d.objid WHERE d.refobjid = c.oid AND dependent.ev_class <> c.oid) AS dependants
    FROM pg_class c WHERE c.oid = 'finance.sales_current'::regclass`;

const rowsOf = (relation: string): string =>
  `SELECT count(*)::int AS rows, sum(hash_record_extended(t, 0))::text AS hash FROM (SELECT day, merchant, gross, net, tax FROM ${relation}) t`;

async function createBuilt(spec: string): Promise<{ world: SmallDataset; plan: BackfillPlan }> {
  const world = await createDataset({ spec });
  await world.query(`
    ALTER VIEW finance.sales_current SET (security_barrier = true);
    COMMENT ON VIEW finance.sales_current IS 'What dashboards read';
    COMMENT ON COLUMN finance.sales_current.merchant IS 'Who sold';
    GRANT SELECT (day, net) ON finance.sales_current TO finance_export;
    CREATE VIEW finance.totals AS SELECT day, sum(net) AS net FROM finance.sales_current GROUP BY day;
    GRANT SELECT ON finance.totals TO dashboard`);
  const plan = await world.plan();
  await world.preserve();
  await world.build();
  await world.conclude();
  await world.approve();
  return { world, plan };
}

describe.each([
  { interval: 'one range', spec: SPEC },
  { interval: 'two ranges with a gap', spec: WITH_GAP },
])('the published view over $interval', ({ spec }) => {
  let world: SmallDataset;
  let plan: BackfillPlan;
  beforeAll(async () => {
    ({ world, plan } = await createBuilt(spec));
  });
  afterAll(() => world.end());

  const shape = (to: 'plain' | 'armed' | 'settled') => world.session((session) => session.rows(shapeView(plan, to)));
  const shown = async () => (await world.query<{ rows: number; hash: string }>(rowsOf('finance.sales_current')))[0];

  it('shows the same rows armed as plain, and keeps owner, grants, options, comments and dependants', async () => {
    const [rows, surroundings] = [await shown(), await world.query(SURROUNDINGS)];
    await world.session((session) => session.change(grantOverlay(plan)));
    await shape('armed');
    expect(await shown()).toEqual(rows);
    expect(await world.query(SURROUNDINGS)).toEqual(surroundings);
    expect(await world.as('dashboard', 'SELECT sum(net) FROM finance.totals')).toHaveLength(1);
    await shape('plain');
    expect(await shown()).toEqual(rows);
    expect(await world.query(SURROUNDINGS)).toEqual(surroundings);
  });

  it('is never settled over a release that it does not show', async () => {
    expect(await sqlstate(shape('settled'))).toMatchObject({ code: '55000' });
  });

  it('shows exactly the corrected interval after publication, armed and settled alike', async () => {
    const expected = `SELECT day, merchant, gross, net, tax FROM finance.sales_by_day WHERE NOT (${plan.keyRanges
      .map((range) => `day >= '${range.start}' AND day < '${range.end}'`)
      .join(' OR ')}) UNION ALL SELECT day, merchant, gross, net, tax FROM finance.sales_by_day_v2`;
    const surroundings = await world.query(SURROUNDINGS);
    const before = await shown();
    await world.publish();
    const [corrected] = await world.query<{ rows: number; hash: string }>(rowsOf(`(${expected}) corrected`));
    expect(await shown()).toEqual(corrected);
    expect(await shown()).not.toEqual(before);
    await shape('settled');
    expect(await shown()).toEqual(corrected);
    expect(await world.query(SURROUNDINGS)).toEqual(surroundings);
    expect(
      (await world.query<{ d: string }>(`SELECT pg_get_viewdef('finance.sales_current') AS d`))[0]?.d,
    ).not.toContain('active_releases');
    await shape('armed');
    expect(await shown()).toEqual(corrected);
  });

  it('is not made plain while it shows the release', async () => {
    const refused = await failureOf(shape('plain'));
    expect(refused.code).toBe('55000');
    expect(refused.message).toBe(
      'shape plain would change what readers of finance.sales_current see (it shows fix-tax)',
    );
  });

  it('is not armed for another run while it shows the release', async () => {
    await world.query(
      `ALTER TABLE governance.active_releases DISABLE TRIGGER only_by_publication; UPDATE governance.active_releases SET backfill_id = 'another-run'`,
    );
    const refused = await failureOf(shape('armed'));
    expect(refused.message).toBe(
      'shape armed would change what readers of finance.sales_current see (it shows another-run)',
    );
    await world.query(
      `UPDATE governance.active_releases SET backfill_id = 'fix-tax'; ALTER TABLE governance.active_releases ENABLE TRIGGER only_by_publication`,
    );
  });

  it('knows no other shape', async () => {
    expect(await sqlstate(shape('round' as 'plain'))).toMatchObject({ code: '22023' });
  });
});

describe('arming', () => {
  let world: SmallDataset;
  let plan: BackfillPlan;
  beforeAll(async () => {
    ({ world, plan } = await createBuilt(SPEC));
  });
  afterAll(() => world.end());
  const arm = () => world.session((session) => session.rows(shapeView(plan, 'armed')));

  it('is refused while the owner of the view may not read the overlay, before any reader meets it', async () => {
    const before = await world.query(rowsOf('finance.sales_current'));
    expect(await failureOf(arm())).toMatchObject({
      code: '55000',
      message:
        'finance.sales_current would refuse its readers: finance_views may not read day, gross, merchant, net, tax, updated_at of the overlay',
    });
    expect(await world.query(rowsOf('finance.sales_current'))).toEqual(before);
  });

  it('gives up within moments behind a reader, and makes nobody wait longer', async () => {
    await world.session((session) => session.change(grantOverlay(plan)));
    const reader = new pg.Client({ connectionString: world.urls.dashboard });
    await reader.connect();
    try {
      await reader.query('BEGIN; SELECT count(*) FROM finance.sales_current');
      const started = Date.now();
      expect(await sqlstate(arm())).toMatchObject({ code: '55P03' });
      expect(Date.now() - started).toBeLessThan(1_000);
      await reader.query('COMMIT');
      await arm();
    } finally {
      await reader.end();
    }
  });

  it('waits for nobody where the view is armed already, and so neither does a rollback', async () => {
    await arm();
    await world.publish();
    const reader = new pg.Client({ connectionString: world.urls.dashboard });
    await reader.connect();
    try {
      await reader.query('BEGIN; SELECT count(*) FROM finance.sales_current');
      await arm();
      await world.activities.rollBackRelease({ backfillId: 'fix-tax', by: 'olaf', reason: '' });
    } finally {
      await reader.end();
    }
    expect(await world.query('SELECT state FROM governance.data_releases')).toEqual([{ state: 'rolled_back' }]);
  });

  it('is preceded by a vacuum that waits for no reader of the overlay, whatever empty pages it ends with', async () => {
    await world.query(`
      INSERT INTO finance.sales_by_day_v2 (day, merchant, gross, net, tax, recalculated_at, backfill_id)
      SELECT '2025-01-03', 10000 + n, 1, 1, 1, now(), 'fix-tax' FROM generate_series(1, 3000) n;
      DELETE FROM finance.sales_by_day_v2 WHERE merchant > 10000`);
    const reader = new pg.Client({ connectionString: world.urls.dashboard });
    await reader.connect();
    try {
      await reader.query('BEGIN; SELECT count(*) FROM finance.sales_current');
      const started = Date.now();
      await world.session((session) => session.change(vacuumOverlay(plan)));
      expect(Date.now() - started).toBeLessThan(4_000);
    } finally {
      await reader.end();
    }
  });

  it('lets a reader that waited behind it go on with the new definition', async () => {
    const holder = await world.deps.pool.connect();
    try {
      await holder.query(
        `BEGIN; SELECT governance.${plan.functionPrefix}_shape_view('fix-tax', 'plain'); SELECT governance.${plan.functionPrefix}_shape_view('fix-tax', 'armed')`,
      );
      const waiting = world.as<{ n: string }>('dashboard', 'SELECT count(*) AS n FROM finance.sales_current');
      await waitFor(
        async () =>
          (await world.query(`SELECT FROM pg_stat_activity WHERE usename = 'dashboard' AND wait_event_type = 'Lock'`))
            .length > 0,
        { timeoutMs: 10_000, describe: 'a reader that waits' },
      );
      await holder.query('COMMIT');
      expect(await waiting).toEqual([{ n: '80' }]);
    } finally {
      holder.release();
    }
  });

  it('leaves a view alone that somebody redefined meanwhile, plain or armed', async () => {
    const shape = (to: 'plain' | 'armed') => failureOf(world.session((session) => session.rows(shapeView(plan, to))));
    const [{ armed } = { armed: '' }] = await world.query<{ armed: string }>(
      `SELECT pg_get_viewdef('finance.sales_current') AS armed`,
    );
    for (const theirs of [
      'SELECT * FROM finance.sales_by_day WHERE merchant < 3',
      `SELECT * FROM (${armed.replace(/;$/, '')}) v WHERE merchant < 3`,
    ]) {
      await world.query(`CREATE OR REPLACE VIEW finance.sales_current AS ${theirs}`);
      const refusal = {
        code: '55000',
        message:
          'somebody changed the definition of finance.sales_current: it is none that this run gives it, and is left as it is',
      };
      expect(await shape('armed')).toMatchObject(refusal);
      expect(await shape('plain')).toMatchObject(refusal);
      expect(await world.query('SELECT max(merchant)::int AS most FROM finance.sales_current')).toEqual([{ most: 2 }]);
    }
    await world.query(`CREATE OR REPLACE VIEW finance.sales_current AS ${armed}`);
    await arm();
  });

  it('and the switch are refused once another table has the name of the base', async () => {
    await world.query(
      'ALTER TABLE finance.sales_by_day RENAME TO sales_old; CREATE TABLE finance.sales_by_day (LIKE finance.sales_old INCLUDING ALL); ALTER TABLE finance.sales_by_day OWNER TO finance_owner',
    );
    expect(await sqlstate(arm())).toMatchObject({ code: '55000' });
    expect(await failureOf(world.query(`SELECT governance.${plan.functionPrefix}_fence()`))).toMatchObject({
      code: '55000',
      message: expect.stringMatching(/^another table is called finance\.sales_by_day by now/) as string,
    });
  });
});

describe('a transaction that keeps its snapshot', () => {
  it('sees one whole old version, also when it is older than the build, through the switch and the rollback', async () => {
    const world = await createDataset();
    const readers = [1, 2].map(() => new pg.Client({ connectionString: world.urls.dashboard }));
    try {
      const read = async (client: pg.Client | undefined) =>
        (await client?.query(rowsOf('finance.sales_current')))?.rows[0] as unknown;
      await Promise.all(readers.map((reader) => reader.connect()));
      await readers[0]?.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
      const before = (await world.query(rowsOf('finance.sales_current')))[0];
      const plan = await world.plan();
      await world.preserve();
      await world.build();
      await world.conclude();
      await world.approve();
      // Begun before the switch: what it reads of the catalogue is always new, and holds no lock until it reads the view.
      await readers[1]?.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
      const release = await world.publish();
      expect((await world.query(rowsOf('finance.sales_current')))[0]).not.toEqual(before);
      for (const reader of readers) expect(await read(reader)).toEqual(before);
      await world.as('backfill_worker', rollbackStatement(plan, release));
      for (const reader of readers) expect(await read(reader)).toEqual(before);
    } finally {
      await Promise.all(readers.map((reader) => reader.end()));
      await world.end();
    }
  });
});
