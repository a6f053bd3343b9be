import { Context } from '@temporalio/activity';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { DIGEST, untilCancelled } from './script.ts';
import type { Script } from './script.ts';
import type { Play, Stage } from './stage.ts';
import { createStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.end());

/** A watch that is in the midst of a partition when it is cancelled, and says when it is through. */
function slowWatch(ended: string[], play: () => Play): Script['watchLiveWrites'] {
  return async (input) => {
    if (!input.published) return untilCancelled();
    const context = Context.current();
    const beat = setInterval(() => context.heartbeat(), 50);
    try {
      return await context.cancelled;
    } finally {
      const before = play().count('rollBackRelease');
      // Long enough for whoever does not wait: twenty beats of the server.
      for (let beats = 0; beats < 20; beats += 1) await new Promise((done) => setTimeout(done, 50));
      clearInterval(beat);
      ended.push(`rolled back ${play().count('rollBackRelease') - before} times meanwhile`);
    }
  };
}

describe('a watch of the release', () => {
  it('comes to its end before anything else begins, asked for by a person', async () => {
    const ended: string[] = [];
    const play: Play = await stage.start(() => ({ watchLiveWrites: slowWatch(ended, () => play) }));
    await play.reach('awaitingApproval');
    await play.update('approve', { by: 'finance-controller', digest: DIGEST });
    await play.reach('observing');
    await waitFor(
      () => play.calls.some(({ name, input }) => name === 'watchLiveWrites' && input['published'] === true),
      {
        timeoutMs: 20_000,
        describe: 'the release to be watched',
      },
    );
    await play.update('rollback', { by: 'finance-controller', reason: 'wrong' });
    await play.reach('rolledBack');
    expect(ended).toEqual(['rolled back 0 times meanwhile']);
  });
});

describe('every activity', () => {
  it('is missed within five seconds when its worker dies', async () => {
    const play = await stage.start(() => ({}), { windowMs: 1 });
    await play.reach('awaitingApproval');
    await play.update('approve', { by: 'finance-controller', digest: DIGEST });
    await play.reach('awaitingSignOff');
    for (const by of ['finance-data', 'business-intelligence', 'revenue-operations'])
      await play.update('signOff', { by });
    await play.reach('completed');
    const { events } = await play.handle.fetchHistory();
    const scheduled = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: one }) =>
      one === null || one === undefined ? [] : [one],
    );
    expect(scheduled.length).toBeGreaterThan(10);
    for (const { activityType, heartbeatTimeout } of scheduled)
      expect([activityType?.name, String(heartbeatTimeout?.seconds)]).toEqual([activityType?.name, '5']);
  });
});
