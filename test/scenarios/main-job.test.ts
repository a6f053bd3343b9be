import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareWithTruth } from '../../examples/daily-revenue/truth.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

describe('the main job', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
    await world.startWorker();
  });
  afterAll(() => world.end());

  it('goes from spec to sign-off and leaves the database in agreement with the truth', async () => {
    const run = await world.start();
    const waiting = await run.reach('awaitingApproval');
    expect(waiting.partitions).toEqual({ total: 547, done: 547, rebuilt: 0 });
    expect(waiting.batches).toEqual({ total: 79, done: 79, failed: 0 });
    await run.approve();
    await run.reach('observing');
    const published = await compareWithTruth(world.adminUrl);
    expect(published).toMatchObject({ missing: 0, unexpected: 0, different: 0 });
    await run.reach('awaitingSignOff');
    for (const by of ['finance-data', 'business-intelligence', 'revenue-operations'])
      expect(await run.update('signOff', { by })).toMatchObject({ ok: true });
    expect(await run.result()).toMatchObject({ status: 'completed', releaseId: 'FIN-2841' });
    expect(await compareWithTruth(world.adminUrl)).toMatchObject({ missing: 0, unexpected: 0, different: 0 });
    expect((await run.status()).historyLength).toBeLessThanOrEqual(2000);
  });
});
