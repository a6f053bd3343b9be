import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareWithTruth } from '../../examples/daily-revenue/truth.ts';
import type { HoldUp } from '../support/hold-up.ts';
import { holdUp } from '../support/hold-up.ts';
import { waitFor } from '../support/wait-for.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { workerFor } from '../support/worker-process.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const CORRECTED = { start: '2026-03-30', end: '2026-06-01' } as const;
const LANES = 2;

/** Rebuilding sessions by what they hold: their slots are advisory locks of two keys, the first one the run's. */
const SLOTS = `SELECT count(DISTINCT pid)::int AS taken FROM pg_locks
  WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid::bigint = hashtext('controlled-backfill:' || $1)::bigint & 4294967295
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
const INSERTS = `SELECT count(*)::int AS running FROM pg_stat_activity
  WHERE datname = current_database() AND state = 'active' AND query LIKE 'INSERT INTO "finance"."daily_revenue_v2"%' AND pid <> pg_backend_pid()`;

const IN_TRANSACTION = `SELECT FROM governance.backfill_attempts t JOIN pg_stat_activity a ON a.pid = t.backend_pid AND a.backend_start = t.backend_start
  WHERE t.fence = ANY($1) AND a.state IN ('active', 'idle in transaction')`;

/** The most that any look saw at once. */
function watchSlots(world: World, id: string) {
  const most = { slots: 0, inserts: 0, looks: 0 };
  let stopped = false;
  const watch = async (): Promise<void> => {
    while (!stopped) {
      const [slots] = (await world.admin.query<{ taken: number }>(SLOTS, [id])).rows;
      const [inserts] = (await world.admin.query<{ running: number }>(INSERTS)).rows;
      most.slots = Math.max(most.slots, slots?.taken ?? 0);
      most.inserts = Math.max(most.inserts, inserts?.running ?? 0);
      most.looks += 1;
    }
  };
  const done = watch();
  return {
    most,
    stop: () => {
      stopped = true;
      return done;
    },
  };
}

describe('a worker that is stopped and wakes when its lane was taken over', () => {
  let world: World;
  let hold: HoldUp;
  let slots: ReturnType<typeof watchSlots> | undefined;
  const workers: WorkerProcess[] = [];
  const work = async (): Promise<WorkerProcess> => {
    const worker = workerFor(world, hold.contracts);
    workers.push(worker);
    await worker.ready();
    return worker;
  };
  beforeAll(async () => {
    world = await createWorld(100);
    hold = await holdUp(world, { insert: '2026-04-09', check: '2026-04-27' });
  });
  afterAll(async () => {
    await slots?.stop();
    for (const worker of workers) {
      worker.kill('SIGCONT');
      await worker.stop();
    }
    await world.end();
    await rm(hold.contracts, { recursive: true, force: true });
  });
  const fences = async (id: string): Promise<number[]> =>
    (
      await world.admin.query<{ fence: number }>(
        'SELECT fence::float8 AS fence FROM governance.backfill_attempts WHERE backfill_id = $1 ORDER BY fence',
        [id],
      )
    ).rows.map(({ fence }) => fence);

  it('commits nothing, and with two more workers the warehouse never rebuilds in more than max_concurrency sessions', async () => {
    await hold.stopAt('insert');
    const zombie = await work();
    const run = await world.start({
      set: {
        'source_range.start': CORRECTED.start,
        'execution.max_concurrency': String(LANES),
        'execution.partitions_per_batch': '2',
        'validation.revenue_delta_expected': '-8% to 0%',
      },
    });
    slots = watchSlots(world, run.id);
    await hold.reached('insert');
    zombie.kill('SIGSTOP');
    const ofZombie = await fences(run.id);
    const stoppedAt = new Date();
    await Promise.all([work(), work()]);
    await waitFor(async () => (await fences(run.id)).length > ofZombie.length, {
      timeoutMs: 30_000,
      describe: 'an attempt of another worker',
    });
    // What it had begun is ended for it: by its successor, or because it says nothing in the middle of a transaction.
    await waitFor(async () => (await world.admin.query(IN_TRANSACTION, [ofZombie])).rowCount === 0, {
      timeoutMs: 30_000,
      describe: 'the transactions of the stopped worker to end',
    });
    // Its successor stands at the same INSERT; while both live, the zombie wakes.
    await hold.reached('insert');
    zombie.kill('SIGCONT');
    await hold.letGo('insert');
    await run.reach('awaitingApproval');

    const { rows } = await world.admin.query<{ late: number; most: number; built: number }>(
      `SELECT count(*) FILTER (WHERE fence = ANY($2) AND built_at > $3)::int AS late, max(builds) AS most, count(*)::int AS built
         FROM governance.backfill_partitions WHERE backfill_id = $1 AND state = 'built'`,
      [run.id, ofZombie, stoppedAt],
    );
    expect(rows).toEqual([{ late: 0, most: 1, built: 63 }]);
    await slots.stop();
    expect(slots.most.looks).toBeGreaterThan(50);
    expect(slots.most.slots).toBe(LANES);
    expect(slots.most.inserts).toBeGreaterThan(0);
    expect(slots.most.inserts).toBeLessThanOrEqual(LANES);
    await run.approve();
    await run.reach('observing');
    expect(await compareWithTruth(world.adminUrl, CORRECTED)).toMatchObject({
      missing: 0,
      unexpected: 0,
      different: 0,
    });
  });
});
