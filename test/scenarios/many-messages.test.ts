import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
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
}

/** Every message changes something or is refused: a pause only where nothing pauses, a finish only after its start. */
function drawMessages(random: () => number): Sent[] {
  let isPaused = false;
  let isRunning = false;
  return Array.from({ length: MESSAGES }, (_, index): Sent => {
    const id = `message-${index + 1}`;
    switch (Math.floor(random() * 5)) {
      case 0:
        isPaused = !isPaused;
        return { name: isPaused ? 'pause' : 'resume', payload: { by: id, reason: id }, isRefused: false };
      case 1:
        isRunning = !isRunning;
        return {
          name: isRunning ? 'livePipelineStarted' : 'livePipelineFinished',
          payload: { name: id },
          isRefused: false,
        };
      case 2:
        return { name: 'setLimits', payload: { by: id, daily_bytes_budget: 1e12 + index }, isRefused: false };
      case 3:
        return { name: 'approve', payload: { by: id, digest: 'abcdefabcdef' }, isRefused: true };
      default:
        return { name: `unknown-${id}`, payload: {}, isRefused: true };
    }
  });
}

describe('a run whose history is short and whose messages are many', () => {
  let world: World;
  let contracts: string;
  beforeAll(async () => {
    world = await createWorld();
    // Two lanes are busy as long as messages come: in a lane, each partition takes its time.
    const slow = (text: string): string =>
      `SELECT slow.* FROM (\n${text.trim().replace(/;$/, '')}\n) slow WHERE current_setting('application_name') !~ '/[0-9]+$' OR (SELECT pg_sleep(0.05)) IS NOT NULL`;
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
    await waitFor(async () => (await run.status()).partitions.done > 0, { timeoutMs: 60_000, describe: 'two lanes' });
    for (const { name, payload } of sent) {
      await run.signal(name, payload);
      // Nothing is waited for: messages come when they come.
      await delay(random() * 40);
    }
    expect((await run.status()).status).toBe('building');
    await run.update('resume', { by: 'the end' });
    await run.update('livePipelineFinished', { name: 'the end' });
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
    await run.update('abort', { by: 'dora', reason: 'done' });
    await run.result();
  });

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
