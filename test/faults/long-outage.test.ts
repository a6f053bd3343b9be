import { rm } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareWithTruth } from '../../examples/daily-revenue/truth.ts';
import type { HoldUp } from '../support/hold-up.ts';
import { holdUp } from '../support/hold-up.ts';
import type { OwnWorld } from '../support/own-world.ts';
import { createOwnWorld } from '../support/own-world.ts';
import { pendingActivities } from '../support/pending-activity.ts';
import { waitFor } from '../support/wait-for.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { workerFor } from '../support/worker-process.ts';
import type { Started } from '../support/world.ts';

/** With intervals of 0.5 s that grow to 3 s: half a minute, and more than any single try waits. */
const TRIES = 10;
/** Some pollers, heartbeats and a client knock about six times a second: three heartbeat timeouts long. */
const KNOCKS = 100;
const GOES_ON_MS = 10_000;

let own: OwnWorld;
let hold: HoldUp;
let worker: WorkerProcess;
let run: Started;
beforeEach(async () => {
  own = await createOwnWorld(100);
  hold = await holdUp(own.world, { insert: '2026-04-09', check: '2026-04-27' });
  await hold.stopAt('insert');
  worker = workerFor(own.world, hold.contracts);
  run = await own.world.start({
    set: { 'source_range.start': '2026-03-30', 'validation.revenue_delta_expected': '-8% to 0%' },
  });
  await hold.reached('insert');
});
afterEach(async () => {
  await worker.stop();
  await own.end();
  await rm(hold.contracts, { recursive: true, force: true });
});

const fence = async (): Promise<number> =>
  (
    await own.world.admin.query<{ fence: number }>(
      'SELECT max(fence)::float8 AS fence FROM governance.backfill_attempts',
    )
  ).rows[0]?.fence ?? 0;

/** Nothing is lost, and nothing that was finished is built again. */
async function expectWhole(): Promise<void> {
  const { hold: held } = await run.reach('awaitingApproval');
  expect(held).toBeNull();
  const { rows } = await own.world.admin.query(
    'SELECT count(*)::int AS partitions, min(builds) AS least, max(builds) AS most FROM governance.backfill_partitions WHERE backfill_id = $1',
    [run.id],
  );
  expect(rows).toEqual([{ partitions: 63, least: 1, most: 1 }]);
  await run.approve();
  await run.reach('observing');
  expect(await compareWithTruth(own.world.adminUrl, { start: '2026-03-30', end: '2026-06-01' })).toMatchObject({
    missing: 0,
    unexpected: 0,
    different: 0,
  });
}

describe('an outage that is longer than a restart', () => {
  it('of PostgreSQL: the run is tried again for as long as it lasts, is not held, and goes on when it ends', async () => {
    const before = await fence();
    await own.postgres.kill();
    await waitFor(
      async () =>
        (await pendingActivities(own.world.client, run.workflowId)).some(
          ({ name, attempt }) => name === 'rebuildClaim' && attempt >= TRIES,
        ),
      { timeoutMs: 90_000, everyMs: 250, describe: `${TRIES} attempts` },
    );
    expect((await run.status()).status).toBe('building');
    await own.postgres.restart();
    const back = Date.now();
    await waitFor(async () => (await fence()) > before, { timeoutMs: 60_000, describe: 'another attempt' });
    expect(Date.now() - back).toBeLessThan(GOES_ON_MS);
    await hold.letGo('insert');
    await expectWhole();
  });

  it('of the Temporal server: the worker knocks until somebody answers, and the run goes on', async () => {
    const { hostname, port } = new URL(`http://${own.world.temporalAddress}`);
    await own.temporal.kill();
    // Somebody at the door who never lets anybody in: it counts who comes.
    let knocks = 0;
    const door = createServer((socket) => {
      knocks += 1;
      socket.on('error', () => undefined).destroy();
    });
    door.listen(Number(port), hostname);
    await once(door, 'listening');
    await waitFor(() => knocks >= KNOCKS, { timeoutMs: 90_000, describe: () => `the worker to knock (${knocks})` });
    door.close();
    await once(door, 'close');
    await own.temporal.restart();
    const back = Date.now();
    await waitFor(
      async () =>
        (await pendingActivities(own.world.client, run.workflowId)).some(
          ({ name, heardAt }) => name === 'rebuildClaim' && heardAt > back,
        ),
      { timeoutMs: 60_000, describe: 'the activity to be heard of' },
    );
    expect(Date.now() - back).toBeLessThan(GOES_ON_MS);
    await hold.letGo('insert');
    await expectWhole();
  });
});
