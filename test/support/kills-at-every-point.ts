import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compareWithTruth } from '../../examples/daily-revenue/truth.ts';
import type { HoldUp, Point } from './hold-up.ts';
import { holdUp } from './hold-up.ts';
import { pendingActivities } from './pending-activity.ts';
import { waitFor } from './wait-for.ts';
import type { HistoryWatch } from './watch-history.ts';
import { watchHistory } from './watch-history.ts';
import type { WorkerProcess } from './worker-process.ts';
import { workerFor } from './worker-process.ts';
import type { Started, World } from './world.ts';

/** Nine batches, all of the second era. */
const CORRECTED = { start: '2026-03-30', end: '2026-06-01' } as const;
const SETTINGS = {
  'source_range.start': CORRECTED.start,
  'execution.max_concurrency': '1',
  'validation.revenue_delta_expected': '-8% to 0%',
  'rollback.window': '1h',
};
/** In the second batch, so that there is something to lose; and a batch between it and the end. */
const HELD = { insert: '2026-04-09', check: '2026-04-27' };

export type Dying = 'worker' | 'postgres' | 'temporal';
/** Heartbeat timeout, retry interval and some for the restart of what was killed. */
const GOES_ON_MS = 10_000;

/** What is killed, and how it comes back. */
export interface Victim {
  readonly world: World;
  /** Resolves when the process is gone. */
  kill(worker: WorkerProcess): Promise<void>;
  /** Resolves when it serves again, to the worker that works from now on. */
  restart(worker: WorkerProcess, start: () => WorkerProcess): Promise<WorkerProcess>;
  end(): Promise<void>;
}

interface Scene {
  readonly victim: Victim;
  readonly hold: HoldUp;
  readonly watch: HistoryWatch;
  readonly workers: WorkerProcess[];
  readonly run: Started;
}

/** One backfill, hit at each point of its life: every case goes on where the one before it ended. */
export function killsAtEveryPoint(create: () => Promise<Victim>, dies: Dying): void {
  const workerDies = dies === 'worker';
  let scene: Scene;
  beforeAll(async () => {
    const victim = await create();
    const hold = await holdUp(victim.world, HELD);
    for (const point of ['insert', 'check', 'switch', 'published'] as const) await hold.stopAt(point);
    const watch = watchHistory(victim.world.adminUrl, CORRECTED);
    const worker = workerFor(victim.world, hold.contracts);
    scene = { victim, hold, watch, workers: [worker], run: await victim.world.start({ set: SETTINGS }) };
  });
  afterAll(async () => {
    await scene.watch.stop();
    for (const worker of scene.workers) await worker.stop();
    await scene.victim.end();
    await rm(scene.hold.contracts, { recursive: true, force: true });
  });

  // A case that failed leaves nothing for the next one to start from.
  let broken = false;
  const step = (name: string, play: () => Promise<void>): void =>
    it(name, async () => {
      if (broken) throw new Error('an earlier point of this run failed');
      broken = true;
      await play();
      broken = false;
    });

  const hitAt = async (point: Point): Promise<void> => {
    await scene.hold.reached(point);
    await expectTakenUp(scene, dies);
    await scene.hold.letGo(point);
  };

  step('in the middle of an INSERT', async () => {
    await hitAt('insert');
    await scene.hold.reached('check');
  });

  step('while a batch is reconciled', async () => {
    await scene.hold.reached('check');
    // Not before: every claim replies.
    await scene.hold.stopAt('reply');
    await hitAt('check');
    await scene.hold.reached('reply');
  });

  step('between the last commit and the reply: nothing that was finished is built again', async () => {
    await hitAt('reply');
    await scene.run.reach('awaitingApproval');
    const { rows } = await scene.victim.world.admin.query(
      'SELECT count(*)::int AS partitions, min(builds) AS least, max(builds) AS most FROM governance.backfill_partitions WHERE backfill_id = $1',
      [scene.run.id],
    );
    expect(rows).toEqual([{ partitions: 63, least: 1, most: 1 }]);
  });

  step('inside the publishing transaction: nothing of the release is left, and the next attempt makes it', async () => {
    await scene.run.approve();
    await hitAt('switch');
    await scene.hold.reached('published');
  });

  step('after the switch, before its reply: the release stands, once, and is the truth', async () => {
    await hitAt('published');
    const { release } = await scene.run.reach('observing');
    expect(release).toMatchObject({ releaseId: 'FIN-2841', state: 'published' });
    const { rows } = await scene.victim.world.admin.query('SELECT release_id FROM governance.data_releases');
    expect(rows).toEqual([{ release_id: 'FIN-2841' }]);
    expect(await compareWithTruth(scene.victim.world.adminUrl, CORRECTED)).toMatchObject({
      missing: 0,
      unexpected: 0,
      different: 0,
    });
  });

  step(
    'in the rollback window: a rollback asked for meanwhile is made, and no look ever met half a release',
    async () => {
      const { run, watch, victim } = scene;
      const rollBack = (): Promise<void> => run.signal('rollback', { by: 'olaf', reason: 'the dashboard broke' });
      await kill(scene);
      if (workerDies) await rollBack();
      await restart(scene);
      const restarted = Date.now();
      if (!workerDies) await rollBack();
      await run.reach('rolledBack');
      expect(Date.now() - restarted).toBeLessThan(GOES_ON_MS);
      await run.signal('close', { by: 'olaf' });
      await run.result();
      expect(watch.looks).toBeGreaterThan(50);
      expect(watch.halves).toEqual([]);
      expect(watch.shown).toHaveLength(2);
      const { rows } = await victim.world.admin.query(
        `SELECT to_regclass('finance.daily_revenue_v2') AS shadow, to_regclass('finance.daily_revenue_pre_fin_2841') AS snapshot`,
      );
      expect(rows).toEqual([{ shadow: null, snapshot: null }]);
    },
  );
}

/**
 * Within ten seconds of its return the run goes on: a new attempt works, or the server hears of the one that its death did
 * not touch.
 */
async function expectTakenUp(scene: Scene, dies: Dying): Promise<void> {
  const { admin, client } = scene.victim.world;
  const newest = async (): Promise<{ fence: number; startedAt: Date }> =>
    (
      await admin.query<{ fence: number; startedAt: Date }>(
        'SELECT fence::float8 AS fence, started_at AS "startedAt" FROM governance.backfill_attempts ORDER BY fence DESC LIMIT 1',
      )
    ).rows[0] ?? { fence: 0, startedAt: new Date(0) };
  const { fence } = await newest();
  await kill(scene);
  await restart(scene);
  const restarted = Date.now();
  const goesOnAt = await waitFor(
    async () => {
      const attempt = await newest();
      if (attempt.fence > fence) return attempt.startedAt.getTime();
      if (dies !== 'temporal') return null;
      const heard = (await pendingActivities(client, scene.run.workflowId)).map(({ heardAt }) => heardAt);
      return heard.find((at) => at > restarted);
    },
    { timeoutMs: 60_000, describe: 'the run to go on' },
  );
  expect(goesOnAt - restarted).toBeLessThan(GOES_ON_MS);
}

function kill({ victim, workers }: Scene): Promise<void> {
  return victim.kill(last(workers));
}

async function restart({ victim, workers, hold }: Scene): Promise<void> {
  const worker = await victim.restart(last(workers), () => workerFor(victim.world, hold.contracts));
  if (!workers.includes(worker)) workers.push(worker);
}

function last(workers: readonly WorkerProcess[]): WorkerProcess {
  const worker = workers.at(-1);
  if (worker === undefined) throw new Error('no worker was started');
  return worker;
}
