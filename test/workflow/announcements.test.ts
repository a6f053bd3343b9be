import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DIGEST, untilCancelled } from './script.ts';
import type { Stage } from './stage.ts';
import { createStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.end());

const FAILS = 'approval_requested to env:CHANNEL: it answers with status 500; it is tried again';

describe('telling whoever wants to hear of it', () => {
  it('goes on beside the work, and is tried once more before the run ends', async () => {
    const play = await stage.start(undefined, { windowMs: 1, plan: { announces: true } });
    await play.reach('awaitingApproval');
    await play.update('approve', { by: 'finance-controller', digest: DIGEST });
    await play.reach('awaitingSignOff');
    for (const by of ['finance-data', 'business-intelligence', 'revenue-operations'])
      await play.update('signOff', { by });
    expect(await play.handle.result()).toMatchObject({ status: 'completed' });
    const calls = play.calls.filter(({ name }) => name === 'deliverAnnouncements').map(({ input }) => input['last']);
    expect(calls).toEqual([undefined, true]);
  });

  it('that fails is shown, and neither stops nor ends the run', async () => {
    const play = await stage.start(
      () => ({
        deliverAnnouncements: ({ known, last }) =>
          last === true || known.length === 0 ? Promise.resolve({ undelivered: [FAILS] }) : untilCancelled(),
      }),
      { windowMs: 1, plan: { announces: true } },
    );
    const asked = await play.reach('awaitingApproval');
    expect((await play.until('what is not told', ({ undelivered }) => undelivered.length > 0)).undelivered).toEqual([
      FAILS,
    ]);
    expect(asked.status).toBe('awaitingApproval');
    await play.update('abort', { by: 'olaf', reason: 'enough' });
    expect(await play.handle.result()).toMatchObject({ status: 'aborted' });
  });

  it('costs nothing where nobody wants to hear of it', async () => {
    const play = await stage.start();
    await play.reach('awaitingApproval');
    expect(play.count('deliverAnnouncements')).toBe(0);
  });
});
