import { afterAll, beforeAll, expect, it } from 'vitest';
import { countsOf, stoppedAt, untilCancelled } from './script.ts';
import type { Stage } from './stage.ts';
import { createStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.end());

it('work waits for the last of several pipelines, whatever else is said to have ended', async () => {
  let claims = 0;
  const play = await stage.start((happy) => ({
    rebuildClaim: async (input) => {
      claims += 1;
      if (claims > 1) return happy.rebuildClaim(input);
      await untilCancelled().catch(() => undefined);
      return stoppedAt(input.claim, { kind: 'asked' }, countsOf(0));
    },
  }));
  const waitsFor = (reason: string) => play.until(reason, ({ waitingOn }) => waitingOn?.reason === reason);
  await play.called('rebuildClaim');
  await play.signal('livePipelineStarted', { name: 'nightly' });
  const one = await waitsFor('the live pipeline nightly signalled that it runs; livePipelineFinished ends it');
  await play.signal('livePipelineStarted', { name: 'hourly' });
  const both = await waitsFor(
    'the live pipelines nightly, hourly signalled that they run; livePipelineFinished ends each by its name, or all without one',
  );
  expect(both.waitingOn?.since).toBe(one.waitingOn?.since);
  expect(Date.parse(both.waitingOn?.until ?? '')).toBeGreaterThan(Date.parse(one.waitingOn?.until ?? ''));
  expect(await play.update('livePipelineFinished', { name: 'weekly' })).toBe(
    'nothing to do: no run of weekly was signalled; known to run: nightly, hourly',
  );
  await play.signal('livePipelineFinished', { name: 'nightly' });
  await waitsFor('the live pipeline hourly signalled that it runs; livePipelineFinished ends it');
  expect(play.count('rebuildClaim')).toBe(1);
  await play.signal('livePipelineFinished', { name: 'hourly' });
  await play.reach('awaitingApproval');
});

it('what was signalled and never ended is waited for until the last of it expires, and no longer', async () => {
  const play = await stage.start(undefined, { plan: { startedSignalExpiresMs: 300 } });
  await play.signal('livePipelineStarted', { name: 'nightly' });
  await play.signal('livePipelineStarted', { name: 'hourly' });
  await play.reach('awaitingApproval');
});
