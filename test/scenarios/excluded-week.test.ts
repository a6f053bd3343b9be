import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readScenarioFile } from '../../examples/daily-revenue/scenario.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Started, World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const PARTIES = ['finance-data', 'business-intelligence', 'revenue-operations'];
/** Half-open; a spec names the last day. */
const WEEK = { start: '2025-06-09', end: '2025-06-16' };
const IN_WEEK = `revenue_date >= '${WEEK.start}' AND revenue_date < '${WEEK.end}'`;
const SPEC_RANGE = `source_range:
  start: 2025-05-12
  end: 2025-07-13
  exclude: [{ start: ${WEEK.start}, end: 2025-06-15 }]`;
const CORRECTED = { start: '2025-05-12', end: '2025-07-14' };

describe('a spec that excludes a week in the middle', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
    await world.startWorker();
  });
  afterAll(() => world.end());

  const rows = async <T>(text: string, values: unknown[] = []) => (await world.admin.query(text, values)).rows as T[];

  /** Each row as it lies in the table: where it is, which transaction wrote it, what it holds. */
  const asItLies = () =>
    rows(
      `SELECT ctid::text AS place, xmin::text AS writer, t::text AS row FROM finance.daily_revenue t WHERE ${IN_WEEK} ORDER BY ctid`,
    );

  /** Readers see the base in the week, row for row; elsewhere what is expected of that moment. */
  async function showsBaseInWeek(isCorrected: boolean): Promise<void> {
    const apart = `(SELECT * FROM finance.daily_revenue_current WHERE ${IN_WEEK} EXCEPT ALL SELECT * FROM finance.daily_revenue WHERE ${IN_WEEK})
      UNION ALL (SELECT * FROM finance.daily_revenue WHERE ${IN_WEEK} EXCEPT ALL SELECT * FROM finance.daily_revenue_current WHERE ${IN_WEEK})`;
    expect(await rows(apart)).toEqual([]);
    const truth = await readScenarioFile('truth.sql');
    const figures = 'revenue_date, merchant_id, gross_revenue, net_revenue, tax_amount, event_count, refund_count';
    const outside = (query: string): string => `SELECT ${figures} FROM (${query}) one WHERE NOT (${IN_WEEK})`;
    const shown = outside('SELECT * FROM finance.daily_revenue_current');
    const expected = outside(isCorrected ? truth : 'SELECT * FROM finance.daily_revenue');
    const values = isCorrected ? [CORRECTED.start, CORRECTED.end] : [];
    expect(await rows(`(${shown} EXCEPT ALL ${expected}) UNION ALL (${expected} EXCEPT ALL ${shown})`, values)).toEqual(
      [],
    );
  }

  /** Nobody answers for the week: no mark, no partition, no amendment, and no build but the first of any partition. */
  async function isNobodysBusiness(run: Started): Promise<void> {
    expect(
      await rows(
        `SELECT (SELECT count(*)::int FROM governance.dirty_partitions) AS marks,
                (SELECT count(*)::int FROM governance.backfill_partitions WHERE partition_start >= '${WEEK.start}' AND partition_start < '${WEEK.end}') AS partitions,
                (SELECT count(*)::int FROM governance.backfill_evidence WHERE kind = 'amendment') AS amendments,
                (SELECT max(builds) FROM governance.backfill_partitions WHERE backfill_id = $1) AS builds,
                (SELECT count(*)::int FROM finance.daily_revenue_v2 WHERE ${IN_WEEK}) AS built`,
        [run.id],
      ),
    ).toEqual([{ marks: 0, partitions: 0, amendments: 0, builds: 1, built: 0 }]);
  }

  /** The pipeline corrects a day of the week by itself. */
  async function lateWrite(day: string): Promise<void> {
    const client = await world.admin.connect();
    try {
      await client.query('SET ROLE revenue_pipeline');
      await client.query(
        `UPDATE finance.daily_revenue SET refund_count = refund_count + 1 WHERE revenue_date = '${day}'`,
      );
      await client.query(
        `DELETE FROM finance.daily_revenue WHERE (revenue_date, merchant_id) = (SELECT revenue_date, max(merchant_id) FROM finance.daily_revenue WHERE revenue_date = '${day}' GROUP BY 1)`,
      );
    } finally {
      await client.query('RESET ROLE');
      client.release();
    }
  }

  it('is built, published, read, settled, rolled back, published again and consolidated with that week untouched throughout', async () => {
    const spec = await exampleWithRange();
    const before = await asItLies();
    expect(before.length).toBeGreaterThan(0);
    const run = await world.start({ spec, set: { 'rollback.window': '3s' } });
    const waiting = await run.reach('awaitingApproval');
    expect(waiting.partitions).toEqual({ total: 56, done: 56, rebuilt: 0 });
    expect(await asItLies()).toEqual(before);

    await lateWrite('2025-06-10');
    const written = await asItLies();
    expect(written).not.toEqual(before);
    await isNobodysBusiness(run);
    await showsBaseInWeek(false);
    expect((await run.status()).evidenceDigest).toBe(waiting.evidenceDigest);

    await run.approve();
    await run.reach('observing');
    await showsBaseInWeek(true);
    expect(await asItLies()).toEqual(written);
    // The days beside the week are corrected, so the edge is where it was asked for.
    for (const day of ['2025-06-08', '2025-06-16'])
      expect(
        await rows(
          `SELECT FROM finance.daily_revenue_current c JOIN finance.daily_revenue b USING (revenue_date, merchant_id) WHERE revenue_date = $1 AND c.net_revenue <> b.net_revenue LIMIT 1`,
          [day],
        ),
        day,
      ).toHaveLength(1);

    await lateWrite('2025-06-15');
    const again = await asItLies();
    await showsBaseInWeek(true);
    await run.update('settle', { by: 'olaf' });
    await shapeIs('settled');
    await showsBaseInWeek(true);
    await run.update('rearm', { by: 'olaf' });
    await shapeIs('armed');
    await showsBaseInWeek(true);
    await run.update('rollback', { by: 'olaf', reason: 'a look back' });
    await run.reach('rolledBack');
    await showsBaseInWeek(false);
    expect(await asItLies()).toEqual(again);

    await run.update('republish', { by: 'olaf' });
    await run.reach('awaitingApproval');
    await isNobodysBusiness(run);
    await run.approve();
    await run.reach('awaitingSignOff');
    await showsBaseInWeek(true);
    expect(await rows('SELECT release_id, amendments FROM governance.data_releases ORDER BY epoch')).toEqual([
      { release_id: 'FIN-2841', amendments: 0 },
      { release_id: 'FIN-2841.2', amendments: 0 },
    ]);
    for (const by of PARTIES) await run.update('signOff', { by });
    expect(await run.result()).toMatchObject({ status: 'completed' });
    await showsBaseInWeek(true);
    expect(await asItLies()).toEqual(again);
  }, 90_000);

  async function exampleWithRange(): Promise<string> {
    const text = await readScenarioFile('backfill.yaml');
    const replaced = text.replace(/source_range:\n(?: {2}.*\n)+/, `${SPEC_RANGE}\n`);
    if (replaced === text) throw new Error('the range of the example was not found');
    return replaced;
  }

  async function shapeIs(shape: 'armed' | 'settled'): Promise<void> {
    await waitFor(
      async () => {
        const [view] = await rows<{ armed: boolean }>(
          `SELECT pg_get_viewdef('finance.daily_revenue_current') LIKE '%active_releases%' AS armed`,
        );
        return view?.armed === (shape === 'armed');
      },
      { timeoutMs: 10_000, describe: `the view to be ${shape}` },
    );
  }
});
