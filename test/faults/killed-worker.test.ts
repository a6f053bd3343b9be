import { rm } from 'node:fs/promises';
import { inject } from 'vitest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareWithTruth } from '../../examples/daily-revenue/truth.ts';
import { changedContracts, sleepingOn } from '../support/contracts.ts';
import { waitFor } from '../support/wait-for.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { spawnWorker } from '../support/worker-process.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/** Built late in its lane's work, so that there is something to lose. */
const SLOW = '2025-03-20';
const SLOW_SECONDS = 8;
const INSERTS_RUNNING = `SELECT count(*)::int AS running FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE 'EXPLAIN%INSERT INTO "finance"."daily_revenue_v2"%' AND wait_event = 'PgSleep'`;

describe('a worker killed in the middle of its INSERT', () => {
  let world: World;
  let contracts: string;
  const workers: WorkerProcess[] = [];
  beforeAll(async () => {
    world = await createWorld();
    contracts = await changedContracts('transforms/daily_revenue.corrected.v1.sql', sleepingOn(SLOW, SLOW_SECONDS));
  });
  afterAll(async () => {
    for (const worker of workers) await worker.stop();
    await world.end();
    await rm(contracts, { recursive: true, force: true });
  });

  const work = (): WorkerProcess => {
    const worker = spawnWorker({
      warehouseUrl: world.urls['backfill_worker'] ?? '',
      temporalAddress: inject('temporalAddress'),
      contracts,
      reports: world.reports,
      prefix: world.taskQueue.replace(/-backfill$/, ''),
    });
    workers.push(worker);
    return worker;
  };
  const one = async <T>(query: string, ...values: unknown[]): Promise<T> =>
    (await world.admin.query(query, values)).rows[0] as T;

  it('costs nothing that was finished: another takes up within ten seconds and the result equals the truth', async () => {
    const first = work();
    const run = await world.start();
    await waitFor(async () => (await one<{ running: number }>(INSERTS_RUNNING)).running === 1, {
      timeoutMs: 60_000,
      describe: 'the slow INSERT to run on the server',
    });
    first.kill();
    await first.exited();
    const done = (
      await world.admin.query<{ ordinal: number; built_at: Date }>(
        `SELECT ordinal, built_at FROM governance.backfill_partitions WHERE backfill_id = $1 AND state = 'built'`,
        [run.id],
      )
    ).rows;
    expect(done.length).toBeGreaterThan(0);
    const { fence } = await one<{ fence: number }>(
      'SELECT max(fence)::float8 AS fence FROM governance.backfill_attempts',
    );

    const restarted = new Date();
    work();
    await run.reach('awaitingApproval');
    const { taken } = await one<{ taken: Date }>(
      'SELECT min(started_at) AS taken FROM governance.backfill_attempts WHERE fence > $1 AND lane > 0',
      fence,
    );
    expect(taken.getTime() - restarted.getTime()).toBeLessThan(10_000);

    const after = (
      await world.admin.query<{ ordinal: number; built_at: Date; builds: number }>(
        'SELECT ordinal, built_at, builds FROM governance.backfill_partitions WHERE backfill_id = $1',
        [run.id],
      )
    ).rows;
    const finished = new Map(done.map((row) => [row.ordinal, row.built_at.getTime()]));
    expect(
      after
        .filter((row) => finished.has(row.ordinal))
        .every((row) => row.builds === 1 && row.built_at.getTime() === finished.get(row.ordinal)),
    ).toBe(true);
    expect(after.every((row) => row.builds === 1)).toBe(true);

    await run.approve();
    await run.reach('observing');
    expect(await compareWithTruth(world.adminUrl)).toMatchObject({ missing: 0, unexpected: 0, different: 0 });
  });
});
