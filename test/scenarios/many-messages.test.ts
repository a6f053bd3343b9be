import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../bench/support/random.ts';
import { changedContracts } from '../support/contracts.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Started, World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';
import { runHistories } from '../workflow/run-histories.ts';

const SEED = 20_260_615;
const MESSAGES = 200;
const BUDGET = 60;
const EVENTS_KINDS = ['pause', 'resume', 'setLimits', 'livePipelineStarted', 'livePipelineFinished'] as const;

/** One message, and what the ledger is to say of it: by its own name, or among the refused. */
interface Sent {
  readonly name: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly isRefused: boolean;
  /** It comes while a pause or a run of the pipeline stands. */
  readonly isStopped: boolean;
}

/** Messages that a pause or a run of the pipeline lasts at most: longer, and the lanes would be idle most of the time. */
const STOPPED_FOR = 2;
/** Messages in a row; before the next row begins, two lanes work. */
const ROW = 5;

/**
 * Every message changes something or is refused: a pause only where nothing pauses, a finish only after its start. Those
 * that stop work are ended again after two messages.
 */
function drawMessages(random: () => number): Sent[] {
  let stop: { readonly pipeline: string | null; readonly since: number } | null = null;
  return Array.from({ length: MESSAGES }, (_, index): Sent => {
    const id = `message-${index + 1}`;
    const isOver = stop !== null && index - stop.since >= STOPPED_FOR;
    const kind = isOver ? 0 : Math.floor(random() * 5);
    if (stop !== null && kind <= 1) {
      const ended = stop.pipeline;
      stop = null;
      return ended === null
        ? { name: 'resume', payload: { by: id }, isRefused: false, isStopped: true }
        : { name: 'livePipelineFinished', payload: { by: id, name: ended }, isRefused: false, isStopped: true };
    }
    const isStopped = stop !== null;
    switch (kind) {
      case 0:
        stop = { pipeline: null, since: index };
        return { name: 'pause', payload: { by: id, reason: id }, isRefused: false, isStopped };
      case 1:
        stop = { pipeline: `nightly ${id}`, since: index };
        return { name: 'livePipelineStarted', payload: { by: id, name: stop.pipeline }, isRefused: false, isStopped };
      case 2:
        return {
          name: 'setLimits',
          payload: { by: id, daily_bytes_budget: 1e12 + index },
          isRefused: false,
          isStopped,
        };
      case 3:
        return { name: 'approve', payload: { by: id, digest: 'abcdefabcdef' }, isRefused: true, isStopped };
      default:
        return { name: `unknown-${id}`, payload: {}, isRefused: true, isStopped };
    }
  });
}

describe('a run whose history is short and whose messages are many', () => {
  let world: World;
  let contracts: string;
  beforeAll(async () => {
    world = await createWorld();
    // In a lane, each partition takes the time that the table says: as long as messages come, lanes have work.
    await world.admin.query(
      'CREATE TABLE staging.pace AS SELECT 0.2::float8 AS seconds; GRANT SELECT ON staging.pace TO backfill_worker',
    );
    const slow = (text: string): string =>
      `SELECT slow.* FROM (\n${text.trim().replace(/;$/, '')}\n) slow WHERE current_setting('application_name') !~ '/[0-9]+$' OR (SELECT pg_sleep(seconds) FROM staging.pace) IS NOT NULL`;
    contracts = await changedContracts({
      'transforms/daily_revenue.corrected.v1.sql': slow,
      'transforms/daily_revenue.corrected.v2.sql': slow,
    });
    await world.startWorker({ contracts });
  });
  afterAll(async () => {
    await world.end();
    await rm(contracts, { recursive: true, force: true });
  });

  it('loses none, applies none twice and builds nothing twice, however often it continues as new', async () => {
    const random = seededRandom(SEED);
    const sent = drawMessages(random);
    const run = await world.start({ historyBudget: BUDGET });
    let struck = 0;
    let before = '-infinity';
    let last = -ROW;
    for (const [index, { name, payload, isStopped }] of sent.entries()) {
      if (!isStopped && index - last >= ROW) {
        before = await waitFor(() => twoBeganSince(before), {
          timeoutMs: 20_000,
          everyMs: 5,
          describe: `two lanes to rebuild at once before message ${index + 1}`,
        });
        struck += 1;
        last = index;
      }
      await run.signal(name, payload);
    }
    expect((await run.status()).status).toBe('building');
    // One message in eight at least met two statements at once; the rest of their row met what these left.
    expect(struck).toBeGreaterThan(MESSAGES / 8);
    await world.admin.query('UPDATE staging.pace SET seconds = 0');
    await run.update('resume', { by: 'the end' });
    await run.update('livePipelineFinished', { by: 'the end' });
    await run.reach('awaitingApproval');

    const wanted = sent.map(({ name, payload, isRefused }) => idOf(name, payload, isRefused));
    let known: unknown[] = [];
    await waitFor(
      async () => {
        known = (await told(run)).map(({ id }) => id);
        return known.length >= sent.length;
      },
      {
        timeoutMs: 20_000,
        describe: () =>
          `the ledger to be told of every message; of ${sent.length} it knows ${known.length}, first unlike what was sent: ${String(known.findIndex((id, n) => id !== wanted[n]))} ${JSON.stringify(known.slice(-3))}`,
      },
    );
    const kept = (await told(run)).filter(({ id }) => id !== 'the end');
    expect(kept.map(({ id }) => id)).toEqual(
      sent.map(({ name, payload, isRefused }) => idOf(name, payload, isRefused)),
    );
    const limits = sent.filter(({ name }) => name === 'setLimits').at(-1)?.payload['daily_bytes_budget'];
    expect((await run.status()).limits).toEqual({ maxConcurrency: 2, dailyBytesBudget: limits });

    const { rows } = await world.admin.query(
      'SELECT min(builds) AS least, max(builds) AS most, count(*)::int AS partitions FROM governance.backfill_partitions WHERE backfill_id = $1',
      [run.id],
    );
    expect(rows).toEqual([{ least: 1, most: 1, partitions: 547 }]);
    const histories = await runHistories(world.client, run.workflowId);
    expect(histories.length).toBeGreaterThan(5);
    // The first ends while it plans or builds, the last begins when all is built: between them each run had lanes at work.
    const claims = histories.map(
      ({ events }) =>
        (events ?? []).filter(
          ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === 'rebuildClaim',
        ).length,
    );
    expect(Math.min(...claims.slice(1, -1)), claims.join()).toBeGreaterThanOrEqual(2);
    await run.update('abort', { by: 'dora', reason: 'done' });
    await run.result();
  });

  /** The server's clock, where it sees two sessions rebuild a partition that they began since then; else null. */
  async function twoBeganSince(then: string): Promise<string | null> {
    const { rows } = await world.admin.query<{ busy: number; now: string }>(
      `SELECT count(*)::int AS busy, clock_timestamp()::text AS now FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'active' AND wait_event = 'PgSleep' AND query LIKE 'INSERT INTO "finance"."daily_revenue_v2"%' AND query_start > $1`,
      [then],
    );
    return rows[0]?.busy === 2 ? rows[0].now : null;
  }

  /** What the ledger keeps of messages, in the order in which they were received. */
  async function told(run: Started): Promise<{ readonly id: string }[]> {
    const { rows } = await world.admin.query<{ id: string }>(
      `SELECT CASE WHEN kind = 'message refused' THEN detail ->> 'message' ELSE coalesce(detail ->> 'reason', actor) END AS id
         FROM governance.backfill_events WHERE backfill_id = $1 AND kind = ANY ($2) ORDER BY (detail ->> 'number')::int, event_id`,
      [run.id, [...EVENTS_KINDS, 'message refused']],
    );
    return rows;
  }
});

/** A refused approval is known by its name alone: how often it stands between the others is what counts. */
function idOf(name: string, payload: Sent['payload'], isRefused: boolean): unknown {
  return isRefused ? name : (payload['reason'] ?? payload['by'] ?? payload['name']);
}
