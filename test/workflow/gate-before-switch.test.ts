import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DIGEST } from './script.ts';
import type { Stage } from './stage.ts';
import { createStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.end());

it('a gate that closes while the sources are looked at is waited for visibly, and the switch is asked for again', async () => {
  const gate = { open: false };
  const reason = 'the live pipeline is running';
  const play = await stage.start((happy) => ({
    publishRelease: async (input) => (gate.open ? happy.publishRelease(input) : { kind: 'gate', reason }),
    awaitGate: async () => {
      if (!gate.open) throw ApplicationFailure.create({ type: 'StillWaiting', nextRetryDelay: 50 });
    },
  }));
  await play.reach('awaitingApproval');
  await play.update('approve', { by: 'finance-controller', digest: DIGEST });
  await play.until(
    'a closed gate while publishing',
    (view) => view.status === 'publishing' && view.waitingOn?.reason === reason,
  );
  gate.open = true;
  await play.reach('observing');
  expect(play.calls.filter(({ name }) => name === 'recordDecision')).toHaveLength(1);
});
