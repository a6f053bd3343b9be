import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { publishRelease } from '../../src/ledger/releases.ts';
import { oldestBeforeFence } from '../../src/warehouse/postgres/statements/blockers.ts';
import type { PostgresServer } from '../../src/local/embedded-postgres.ts';
import { startPostgres } from '../../src/local/embedded-postgres.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { sqlstate } from '../support/sqlstate.ts';
import { waitFor } from '../support/wait-for.ts';

let folder: string;
let server: PostgresServer;
let world: SmallDataset;
let plan: BackfillPlan;
let armedView: string;

/** Its server looks every second for what is to be vacuumed; a page of the base takes it a tenth of a second at least. */
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'backfill-autovacuum-')));
  server = await startPostgres({
    dataFolder: join(folder, 'postgres'),
    settings: { fsync: 'off', full_page_writes: 'off', shared_buffers: '64MB', autovacuum_naptime: '1s' },
  });
  world = await createDataset({}, server);
  plan = await world.plan();
  await world.preserve();
  await world.build();
  await world.conclude();
  await world.approve();
  armedView = await world.arm();
  await world.query(
    `ALTER TABLE finance.sales_by_day SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1);
     INSERT INTO finance.sales_by_day (day, merchant, gross, net, tax) SELECT '2025-02-01', m, 1, 1, 0 FROM generate_series(1, 20000) m;
     UPDATE finance.sales_by_day SET net = 2 WHERE day = '2025-02-01'`,
  );
});
afterAll(async () => {
  await world.end();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const publish = () =>
  world.session((session) =>
    session.one(publishRelease({ plan, fence: 1_000, expected: null, windowMs: 60_000, armedView })),
  );
const vacuuming = () =>
  world.query<{ pid: number }>(
    `SELECT pid FROM pg_locks WHERE relation = 'finance.sales_by_day'::regclass AND mode = 'ShareUpdateExclusiveLock' AND granted`,
  );
async function autovacuum(): Promise<{ pid: number }[]> {
  await waitFor(async () => (await vacuuming()).length > 0, {
    timeoutMs: 30_000,
    describe: 'an autovacuum of the base',
  });
  return vacuuming();
}

it('an autovacuum and a writer in the way: it is not stopped for a fence that the writer holds up anyway', async () => {
  const writer = new pg.Client({ connectionString: world.urls.revenue_pipeline });
  await writer.connect();
  try {
    await writer.query(`BEGIN; UPDATE finance.sales_by_day SET net = net WHERE day = '2025-01-20'`);
    const before = await autovacuum();
    expect(await sqlstate(publish())).toMatchObject({ code: '55P03' });
    expect(await vacuuming()).toEqual(before);
  } finally {
    await writer.end();
  }
});

const ageBeforeFence = async () =>
  (await world.session((session) => session.one<{ ageMs: number }>(oldestBeforeFence(plan)))).ageMs;

it('an autovacuum alone yields to the first try of the switch', async () => {
  await autovacuum();
  expect(await ageBeforeFence()).toBe(0);
  expect(await publish()).toMatchObject({ release: { releaseId: 'FIN-1' } });
});

it('an autovacuum against wraparound does not yield, and counts like anybody in the way', async () => {
  // Nobody can turn it off; an ordinary one that is at work yields to this statement, and none comes after it.
  await world.query(
    'ALTER TABLE finance.sales_by_day SET (autovacuum_enabled = false, autovacuum_freeze_max_age = 100000)',
  );
  await world.query('DO $$ BEGIN FOR one IN 1..110000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$');
  await waitFor(async () => (await ageBeforeFence()) > 0, {
    timeoutMs: 30_000,
    describe: 'an autovacuum of the base against wraparound',
  });
  expect(
    await world.query(`SELECT FROM pg_stat_activity WHERE query LIKE '%finance.sales_by_day (to prevent wraparound)'`),
  ).toHaveLength(1);
});
