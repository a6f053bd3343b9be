import { afterAll, beforeAll, expect, it } from 'vitest';
import { countsOf, stoppedAt } from './script.ts';
import type { Stage } from './stage.ts';
import { createStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.end());

it('a batch that ran out of time is the next claim, alone; what stood behind it comes after it', async () => {
  let left = 2;
  const play = await stage.start((happy) => ({
    rebuildClaim: async (input) => {
      if (input.claim.from !== 2 || left === 0) return happy.rebuildClaim(input);
      left -= 1;
      return stoppedAt(input.claim, { kind: 'timedOut', batch: 2, reason: 'partition 3 ran out of time' }, countsOf(1));
    },
  }));
  await play.reach('awaitingApproval');
  const claims = play.calls.filter(({ name }) => name === 'rebuildClaim').map(({ input }) => input['claim']);
  expect(claims).toEqual([
    { from: 1, to: 1 },
    { from: 2, to: 3 },
    { from: 2, to: 2 },
    { from: 2, to: 2 },
    { from: 3, to: 3 },
    { from: 4, to: 5 },
    { from: 6, to: 6 },
  ]);
});
