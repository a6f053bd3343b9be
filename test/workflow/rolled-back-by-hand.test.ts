import { afterAll, beforeAll, expect, it } from 'vitest';
import { DIGEST } from './script.ts';
import type { Stage } from './stage.ts';
import { createStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.end());

it('a release that was published and rolled back before the worker replied is recorded as such, and nothing runs over it', async () => {
  let undone = true;
  const at = '2026-06-15T10:05:00.000Z';
  const play = await stage.start((happy) => ({
    publishRelease: async (input) => {
      const outcome = await happy.publishRelease(input);
      if (!undone || outcome.kind !== 'published') return outcome;
      return { kind: 'rolledBackByHand', release: outcome.release, at, by: 'olaf (by hand)' };
    },
  }));
  await play.reach('awaitingApproval');
  await play.update('approve', { by: 'finance-controller', digest: DIGEST });
  const because = `the ledger shows a rollback by olaf (by hand) at ${at}`;
  expect(await play.reach('rolledBack')).toMatchObject({
    release: { releaseId: 'FIN-2841', state: 'rolled_back' },
    rollbackStatement: null,
    rollbackDeadline: null,
    approval: null,
    because,
  });
  await waitForLedger();
  expect(play.calls.filter(({ name, input }) => name === 'watchLiveWrites' && input['published'] === true)).toEqual([]);
  undone = false;
  expect(await play.update('republish', { by: 'dora' })).toBe('republish is heard');
  await play.reach('awaitingApproval');
  await play.update('approve', { by: 'finance-controller', digest: DIGEST });
  expect((await play.reach('observing')).release).toMatchObject({ releaseId: 'FIN-2841.2', state: 'published' });

  async function waitForLedger(): Promise<void> {
    const statuses = () => play.calls.filter(({ name }) => name === 'recordStatus').map(({ input }) => input);
    await play.until('the ledger to be told', () => statuses().some(({ status }) => status === 'rolledBack'));
    expect(statuses().map(({ status }) => status)).not.toContain('observing');
    expect(statuses().at(-1)).toMatchObject({ status: 'rolledBack', because });
  }
});
