import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClaimResult } from '../../src/protocol/activities.ts';
import { CONTRACT, SALES, SPEC } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { waitFor } from '../support/wait-for.ts';

/** Answers what the test says, or nothing at all. */
const PROBE =
  'select running, null::timestamptz as since, null::text as name from staging.pipeline where not silent or pg_sleep(30) is not null';
const PIPELINE = `
create table staging.pipeline (running boolean, silent boolean);
insert into staging.pipeline values (false, false);
grant select on staging.pipeline to backfill_worker;`;
/** Whoever writes the first row of a day sleeps. */
const SLOW = `
create function finance.slow() returns trigger language plpgsql as $$ begin perform pg_sleep(tg_argv[0]::float8); return new; end $$;`;

let world: SmallDataset;
beforeEach(async () => {
  world = await createDataset({
    tables: `${SALES.tables}${PIPELINE}${SLOW}`,
    contract: CONTRACT.replace('live_pipeline: {}', 'live_pipeline: { running: probe.sql }'),
    files: { ...SALES.files, 'probe.sql': PROBE },
    spec: SPEC.replace('max_concurrency: 2', 'max_concurrency: 2, query_timeout: 30s'),
  });
  await world.plan();
  await world.preserve();
});
afterEach(() => world.end());

const RUN = { backfillId: 'fix-tax' };
const claim = (): Promise<ClaimResult> =>
  world.activities.rebuildClaim({
    ...RUN,
    claim: { from: 1, to: 2 },
    lane: 1,
    limits: { maxConcurrency: 1, dailyBytesBudget: null },
  });
const slowOn = (days: string, seconds: number) =>
  world.query(
    `create trigger slow before insert on finance.sales_by_day_v2 for each row when (new.merchant = 1 and (${days})) execute function finance.slow('${seconds}')`,
  );
const fastAgain = () => world.query('drop trigger slow on finance.sales_by_day_v2');
const pipeline = (running: boolean) => world.query(`update staging.pipeline set running = ${running}`);
const sleepers = () =>
  world.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'backfill/fix-tax/1' AND wait_event = 'PgSleep'`,
  );
const asleep = () =>
  waitFor(async () => (await sleepers()).length > 0, { timeoutMs: 20_000, describe: 'the slow partition to be built' });
const partition = async (start: string) =>
  (
    await world.query(
      `SELECT state, builds, timeouts, gate_cancels AS "gateCancels" FROM governance.backfill_partitions WHERE partition_start = $1`,
      [start],
    )
  )[0];

describe('a gate that closes in the middle of a statement', () => {
  it('cancels it after a grace, leaves nothing of its partition, and lets it begin anew when it opens', async () => {
    await slowOn(`new.day = '2025-01-03'`, 60);
    const stopped = claim();
    await asleep();
    await pipeline(true);
    const closed = Date.now();
    expect((await stopped).stopped).toMatchObject({
      kind: 'gate',
      reason: expect.stringMatching(
        /^the live pipeline unnamed runs; .*; partition 2025-01-03 was cancelled under way, 1 of 2 times: it begins anew$/,
      ) as string,
    });
    expect(Date.now() - closed).toBeLessThan(15_000);
    expect(Date.now() - closed).toBeGreaterThan(4_000);
    expect(await sleepers()).toEqual([]);
    expect(await world.query(`SELECT FROM finance.sales_by_day_v2 WHERE day = '2025-01-03'`)).toEqual([]);
    expect(await partition('2025-01-03')).toMatchObject({ state: 'planned', gateCancels: 1 });
    expect((await claim()).stopped).toMatchObject({
      reason: 'the live pipeline unnamed runs; work goes on when it has finished',
    });
    await pipeline(false);
    await fastAgain();
    expect(await claim()).toMatchObject({ rest: null, stopped: null });
    expect(await partition('2025-01-03')).toEqual({ state: 'built', builds: 1, timeouts: 0, gateCancels: 0 });
  });

  it('says at the second time that the next try runs to its end, and lets it', async () => {
    await slowOn(`new.day = '2025-01-03'`, 8);
    await world.query(
      `UPDATE governance.backfill_partitions SET gate_cancels = 1 WHERE partition_start = '2025-01-03'`,
    );
    const second = claim();
    await asleep();
    await pipeline(true);
    expect((await second).stopped).toMatchObject({
      reason: expect.stringMatching(/2 of 2 times: it begins anew and then runs to its end, gate or not$/) as string,
    });
    await pipeline(false);
    const third = claim();
    await asleep();
    await pipeline(true);
    expect((await third).stopped).toMatchObject({
      kind: 'gate',
      reason: 'the live pipeline unnamed runs; work goes on when it has finished',
    });
    expect(await partition('2025-01-03')).toMatchObject({ state: 'built', builds: 1 });
    expect(await partition('2025-01-04')).toMatchObject({ state: 'planned' });
  });
});

describe('a probe that is silent', () => {
  it('is waited for with nothing locked: no transaction of the lane is open meanwhile', async () => {
    await slowOn(`new.day = '2025-01-02'`, 1);
    const stopped = claim();
    await asleep();
    await world.query('update staging.pipeline set silent = true');
    // Every moment until the answer: whoever asks inside a transaction is seen idle in it.
    let longestIdleMs = 0;
    let over = false;
    const watch = (async () => {
      while (!over) {
        const [idle] = await world.query<{ ms: number | null }>(
          `SELECT max(extract(epoch FROM clock_timestamp() - state_change) * 1000)::float8 AS ms FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'backfill/fix-tax/1' AND state = 'idle in transaction'`,
        );
        longestIdleMs = Math.max(longestIdleMs, idle?.ms ?? 0);
      }
    })();
    expect((await stopped).stopped).toMatchObject({
      reason: expect.stringContaining('the probe of the live pipeline fails: probe.sql') as string,
    });
    over = true;
    await watch;
    expect(longestIdleMs).toBeLessThan(1_000);
  });
});

describe('a transaction', () => {
  it('holds the partitions of about two seconds: neither one each nor a whole batch', async () => {
    await slowOn(`new.day <= '2025-01-07'`, 0.6);
    expect((await claim()).stopped).toBeNull();
    const transactions = await world.query<{ days: number }>(
      `SELECT count(DISTINCT day)::int AS days FROM finance.sales_by_day_v2 WHERE day <= '2025-01-07' GROUP BY xmin::text`,
    );
    expect(transactions.length).toBeGreaterThanOrEqual(2);
    expect(Math.max(...transactions.map(({ days }) => days))).toBeGreaterThan(1);
  });
});

describe('a partition that runs out of time', () => {
  const shortTimeout = () =>
    world.query(
      `UPDATE governance.backfill_runs SET plan = jsonb_set(plan::jsonb, '{spec,execution,queryTimeoutMs}', '400')::json`,
    );

  it('is tried three times, its batch alone, then fails with what to do; a retry is worth three more', async () => {
    await shortTimeout();
    await slowOn(`new.day = '2025-01-09'`, 60);
    const first = await claim();
    expect(first.finished.map(({ batch }) => batch)).toEqual([1]);
    expect(first).toMatchObject({
      rest: { from: 2, to: 2 },
      stopped: {
        kind: 'timedOut',
        batch: 2,
        reason:
          'partition 2025-01-09 of finance.sales_by_day: its statement ran longer than execution.query_timeout (0.4 s), 1 of 3 times; it is tried again',
      },
    });
    expect(await partition('2025-01-09')).toMatchObject({ state: 'planned', timeouts: 1 });
    expect((await claim()).stopped).toMatchObject({ kind: 'timedOut' });
    await expect(claim()).rejects.toMatchObject({
      type: 'QueryTimeout',
      nonRetryable: true,
      message: expect.stringMatching(
        /^partition 2025-01-09 of .*\(0\.4 s\), 3 of 3 times; retry when the warehouse is quieter, or abort and start anew with a longer execution\.query_timeout$/,
      ) as string,
    });
    expect((await claim()).stopped).toMatchObject({ reason: expect.stringContaining('1 of 3 times') as string });
    await fastAgain();
    expect((await claim()).stopped).toBeNull();
    expect(await partition('2025-01-09')).toMatchObject({ state: 'built', builds: 1, timeouts: 0 });
  });

  it('is counted where live writes are followed as well, whatever the attempt', async () => {
    await world.build();
    await world.query(`INSERT INTO governance.dirty_partitions (backfill_id, key) VALUES ('fix-tax', '2025-01-09')`);
    await shortTimeout();
    await slowOn(`new.day = '2025-01-09'`, 60);
    const conclude = () => world.activities.concludeEvidence(RUN);
    for (const nonRetryable of [false, false, true])
      await expect(conclude()).rejects.toMatchObject({ type: 'QueryTimeout', nonRetryable });
  });
});
