import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareWithTruth } from '../../bench/traffic/compare-with-truth.ts';
import type { TrafficDataset } from '../../bench/traffic/dataset.ts';
import { buildCorrection, createTrafficDataset, planOf } from '../../bench/traffic/dataset.ts';
import type { Traffic } from '../../bench/traffic/traffic.ts';
import { startTraffic } from '../../bench/traffic/traffic.ts';
import { BACKFILL_ID, SPARE_MERCHANT } from '../../bench/traffic/tables.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { publishRelease, rollbackStatement } from '../../src/ledger/releases.ts';
import { viewFingerprint } from '../../src/warehouse/postgres/statements/elevated.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { createDatabase } from '../support/postgres.ts';
import { waitFor } from '../support/wait-for.ts';

/** In the middle of the interval; sources, table and truth in one. */
const LATE_WRITE = `
  UPDATE staging.sales SET gross = gross + 5 WHERE sale_id = (SELECT min(sale_id) FROM staging.sales WHERE day = '2025-01-20' AND merchant = ${SPARE_MERCHANT});
  UPDATE finance.sales_by_day SET gross = gross + 5, net = net + 5 WHERE day = '2025-01-20' AND merchant = ${SPARE_MERCHANT};
  UPDATE traffic.truth SET gross = gross + 5, live = live + 5, corrected = corrected + 5 WHERE day = '2025-01-20' AND merchant = ${SPARE_MERCHANT};`;

/** What the scenarios count, each made to count: with one guard taken away it must find what that guard prevents. */
describe('the traffic finds', () => {
  let database: TestDatabase;
  let dataset: TrafficDataset;
  let plan: BackfillPlan;
  let traffic: Traffic;
  beforeEach(async () => {
    database = await createDatabase();
    dataset = await createTrafficDataset(database.url);
    traffic = await startTraffic(dataset, { seed: 11 });
    await buildCorrection(dataset);
    plan = await planOf(dataset.admin);
  });
  afterEach(async () => {
    await traffic.stop();
    await dataset.end();
    await database.drop();
  });

  const soon = (describeIt: string, condition: () => boolean) =>
    waitFor(condition, { timeoutMs: 30_000, describe: describeIt });
  /** The guard as it stands in the database, changed. */
  const mutate = async (name: string, guard: string, instead: string): Promise<void> => {
    const { rows } = await dataset.admin.query<{ text: string }>(
      'SELECT pg_get_functiondef(oid) AS text FROM pg_proc WHERE proname = $1',
      [name],
    );
    const before = rows[0]?.text ?? '';
    const after = before.replace(guard, () => instead);
    expect(after).not.toBe(before);
    await dataset.admin.query(after);
  };
  const asPipeline = async (use: (client: pg.Client) => Promise<void>): Promise<void> => {
    const client = new pg.Client({ connectionString: dataset.urls.revenue_pipeline });
    await client.connect();
    try {
      await use(client);
    } finally {
      await client.end();
    }
  };

  it('a write that readers had seen and a release took away, when the fence is missing', async () => {
    await mutate(`${plan.functionPrefix}_fence`, 'IN SHARE ROW EXCLUSIVE MODE', 'IN ACCESS SHARE MODE');
    // A release that meets the instant between two of its transactions shows nothing: then there is another.
    for (let releases = 0; releases < 5 && traffic.tally.overtaken === 0; releases += 1) {
      if (releases > 0) await dataset.rollBack();
      await dataset.approveAnew();
      await asPipeline((client) => publishBeside(client, dataset));
    }
    await soon('a read that finds the write overtaken', () => traffic.tally.overtaken > 0);
  });

  it('the same, when the open marks are not looked at', async () => {
    await mutate('publish_release', 'IF open_marks > 0 THEN', 'IF false THEN');
    await dataset.approveAnew();
    await dataset.publish();
    await dataset.rollBack();
    await dataset.approveAnew();
    await asPipeline(async (client) => {
      await client.query(`BEGIN; ${LATE_WRITE} COMMIT`);
    });
    await publishAtOnce(dataset, plan);
    await soon('a read that finds the write overtaken', () => traffic.tally.overtaken > 0);
  });

  it('rows twice, when the armed view reads the base whatever the pointer shows', async () => {
    await mutate(
      `${plan.functionPrefix}_view_bodies`,
      'WHERE (%2$s) AND %3$s IS DISTINCT FROM %4$L UNION ALL',
      'WHERE (%2$s) UNION ALL',
    );
    await dataset.approveAnew();
    await dataset.publish();
    await soon('a mixed read', () => traffic.tally.mixed > 0);
    expect((await compareWithTruth(dataset.admin)).view.unexpected).toBeGreaterThan(0);
  });

  it('days of both sides in one read, when the gate stands before a part of the interval only', async () => {
    await mutate(
      `${plan.functionPrefix}_view_bodies`,
      `IS DISTINCT FROM %4$L UNION ALL SELECT %1$s FROM '`,
      `IS DISTINCT FROM %4$L UNION ALL SELECT %1$s FROM finance.sales_by_day WHERE day >= ''2025-02-01'' AND (%2$s) AND %3$s = %4$L UNION ALL SELECT %1$s FROM '`,
    );
    await mutate(
      `${plan.functionPrefix}_view_bodies`,
      `format(' WHERE %s = %L', gate, p_backfill_id)`,
      `format(' WHERE day < ''2025-02-01'' AND %s = %L', gate, p_backfill_id)`,
    );
    await dataset.approveAnew();
    await dataset.publish();
    await soon('a mixed read', () => traffic.tally.mixed > 0);
  });

  it('a lost write, when capture does not mark an update', async () => {
    await mutate(
      `${plan.functionPrefix}_mark_dirty`,
      'IF told = writer THEN',
      `IF TG_OP = 'UPDATE' THEN RETURN NULL; END IF; IF told = writer THEN`,
    );
    await dataset.approveAnew();
    await dataset.publish();
    await asPipeline(async (client) => {
      await client.query(`BEGIN; ${LATE_WRITE} COMMIT`);
    });
    await soon('a read that misses the write', () => traffic.tally.wrong > 0);
    await dataset.settle();
    expect((await compareWithTruth(dataset.admin)).view.different).toBeGreaterThan(0);
  });

  it('half a release, when a rollback does not compare the release that it takes off', async () => {
    await dataset.approveAnew();
    const first = await dataset.publish();
    await dataset.rollBack();
    await dataset.approveAnew();
    const second = await dataset.publish();
    const stale = rollbackStatement(plan, first);
    await dataset.admin.query(stale);
    expect(await pointer(dataset)).toBe(second);
    const blind = stale.replace(/(WHERE dataset = '[^']+') AND release_id = '[^']+'/, '$1');
    expect(blind).not.toBe(stale);
    await dataset.admin.query(blind);
    await soon('half a release', () => traffic.halves.length > 0);
    expect(traffic.halves[0]).toMatch(/^pointer and release differ/);
  });

  it('half a release, when a rollback is not one transaction', async () => {
    await dataset.approveAnew();
    const release = await dataset.publish();
    await dataset.admin.query(
      `UPDATE governance.active_releases SET backfill_id = NULL, release_id = NULL, epoch = epoch + 1`,
    );
    await soon('half a release', () => traffic.halves.length > 0);
    expect(traffic.halves[0]).toMatch(/^pointer and release differ/);
    await dataset.admin.query(
      `UPDATE governance.data_releases SET state = 'rolled_back', rolled_back_at = now() WHERE release_id = $1`,
      [release],
    );
  });
});

async function pointer({ admin }: TrafficDataset): Promise<string | null> {
  const { rows } = await admin.query<{ id: string | null }>('SELECT release_id AS id FROM governance.active_releases');
  return rows[0]?.id ?? null;
}

/** Publishes while a late write is open, which is committed when readers are switched. */
async function publishBeside(writer: pg.Client, dataset: TrafficDataset): Promise<void> {
  const publishing = dataset.publish();
  for (let isShown = false; !isShown;) {
    await writer.query(`BEGIN; ${LATE_WRITE}`);
    // Begun anew in time: no publication is tried beside a writer that is a second old.
    const renewed = Date.now() + 600;
    while (!isShown && Date.now() < renewed) isShown = (await pointer(dataset)) !== null;
    await writer.query(isShown ? 'COMMIT' : 'ROLLBACK');
  }
  await publishing;
}

/** The switch alone: nobody catches up before it. */
async function publishAtOnce({ admin }: TrafficDataset, plan: BackfillPlan): Promise<void> {
  const fingerprint = viewFingerprint(plan);
  const { rows } = await admin.query<{ fingerprint: string }>(fingerprint.text, [...fingerprint.values]);
  const { text, values } = publishRelease({
    plan,
    fence: 1_000_000,
    expected: null,
    windowMs: 60_000,
    armedView: rows[0]?.fingerprint ?? '',
  });
  await waitFor(() => admin.query(text, [...values]), { timeoutMs: 20_000, describe: `the switch of ${BACKFILL_ID}` });
}
