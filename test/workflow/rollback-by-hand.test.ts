import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WatchOutcome } from '../../src/protocol/activities.ts';
import { waitFor } from '../support/wait-for.ts';
import { CHECK, DIGEST, untilCancelled } from './script.ts';
import type { Script } from './script.ts';
import type { Play, Stage } from './stage.ts';
import { createStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.end());

const KEPT = 'snapshot finance.before is kept: 7 partitions are not restored';
const BY_HAND: WatchOutcome = { kind: 'rolledBackByHand', at: '2026-06-15T10:00:00.000Z', by: 'olaf' };

/** A release that cannot be followed, and a pointer that is as the test says. */
function heldRelease(pointer: Script['watchLiveWrites']): Partial<Script> {
  let hasFailed = false;
  return {
    watchLiveWrites: async (input) => {
      if (!input.published) return untilCancelled();
      if (input.pointerOnly) return pointer(input);
      if (hasFailed) return untilCancelled();
      hasFailed = true;
      return { kind: 'failed', batch: 1, check: CHECK };
    },
  };
}

async function publish(play: Play): Promise<void> {
  await play.reach('awaitingApproval');
  await play.update('approve', { by: 'finance-controller', digest: DIGEST });
}

function looks({ calls }: Play): number {
  return calls.filter(({ input }) => input['pointerOnly'] === true).length;
}

async function signOff(play: Play): Promise<void> {
  await play.reach('awaitingSignOff');
  for (const by of ['finance-data', 'business-intelligence', 'revenue-operations'])
    await play.update('signOff', { by });
}

describe('a rollback by hand', () => {
  it('is noticed while the release is held, and nothing of it is undone by a retry', async () => {
    const play = await stage.start(() => heldRelease(async () => BY_HAND));
    await publish(play);
    const back = await play.reach('rolledBack');
    expect(back).toMatchObject({
      because: 'the ledger shows a rollback by olaf at 2026-06-15T10:00:00.000Z',
      release: { releaseId: 'FIN-2841', state: 'rolled_back' },
      rollbackStatement: null,
      hold: null,
    });
    expect(play.count('rollBackRelease')).toBe(0);
  });

  it('is looked for without keeping a person from deciding, and the look ends with the hold', async () => {
    const play = await stage.start(() => heldRelease(untilCancelled));
    await publish(play);
    await play.reach('held');
    await waitFor(() => looks(play) === 1, { timeoutMs: 10_000, describe: 'the pointer to be looked at' });
    expect(await play.update('retry', { by: 'olaf' })).toBe('retry is heard');
    await play.reach('observing');
    const pending = async () =>
      (await play.handle.describe()).raw.pendingActivities?.map(({ activityType }) => activityType?.name).join();
    await waitFor(async () => (await pending()) === 'watchLiveWrites', {
      timeoutMs: 10_000,
      describe: 'one watch, that of the rollback window, to be left',
    });
  });

  it('that cannot be looked for leaves the hold as it is, and says so', async () => {
    const play = await stage.start(() =>
      heldRelease(() => {
        throw ApplicationFailure.nonRetryable(
          'permission denied for table active_releases [42501]',
          'MissingPrivilege',
        );
      }),
    );
    await publish(play);
    const held = await play.until('the refusal', ({ refusals }) => refusals.length > 0);
    expect(held).toMatchObject({ status: 'held', hold: { from: 'observing', batch: 1 } });
    expect(held.refusals[0]?.reason).toBe('watchLiveWrites: permission denied for table active_releases [42501]');
    await play.update('retry', { by: 'olaf' });
    await play.reach('observing');
  });

  it('is noticed while consolidation is paused before its first row', async () => {
    let isUndone = false;
    const play = await stage.start(
      () => ({
        watchLiveWrites: async ({ pointerOnly }) => {
          if (!pointerOnly) return untilCancelled();
          if (!isUndone) throw ApplicationFailure.create({ type: 'StillWaiting', nextRetryDelay: '100ms' });
          return BY_HAND;
        },
        consolidateClaim: untilCancelled,
      }),
      { windowMs: 1 },
    );
    await publish(play);
    await signOff(play);
    await play.called('consolidateClaim');
    await play.update('pause', { by: 'olaf', reason: 'month end' });
    await play.until('the pause', ({ waitingOn }) => waitingOn?.reason.startsWith('paused') === true);
    isUndone = true;
    expect(await play.reach('rolledBack')).toMatchObject({ release: { state: 'rolled_back' } });
    expect(play.count('retireOverlay')).toBe(0);
  });

  it('after rows were moved holds with what a person has to restore, once', async () => {
    const play = await stage.start(
      () => ({
        watchLiveWrites: async ({ pointerOnly }) => (pointerOnly ? BY_HAND : untilCancelled()),
        consolidateClaim: async () => ({
          upTo: 7,
          done: false,
          stopped: { kind: 'gate', reason: 'the live pipeline nightly runs' },
        }),
        awaitGate: async () => {
          throw ApplicationFailure.create({ type: 'StillWaiting', nextRetryDelay: '100ms' });
        },
        cleanUp: async () => ({ dropped: [], kept: KEPT }),
      }),
      { windowMs: 1 },
    );
    await publish(play);
    await signOff(play);
    const held = await play.reach('held');
    expect(held).toMatchObject({
      hold: {
        from: 'consolidating',
        reason:
          'the release was rolled back by hand at 2026-06-15T10:00:00.000Z after 7 partitions were consolidated: restore them from the snapshot, or close the run, which keeps the snapshot while the base differs from it',
      },
      release: { state: 'rolled_back' },
    });
    expect(looks(play)).toBe(1);
    expect(held.next.map(({ message }) => message)).toContain('close');
    await play.update('close', { by: 'olaf' });
    expect(await play.reach('closed')).toMatchObject({ because: KEPT });
  });

  it('while it is held after rows were moved replaces the hold by what a person has to restore', async () => {
    const play = await stage.start(
      () => ({
        watchLiveWrites: async ({ pointerOnly }) => (pointerOnly ? BY_HAND : untilCancelled()),
        consolidateClaim: async () => ({ upTo: 7, done: true, stopped: null }),
        retireOverlay: () => {
          throw ApplicationFailure.nonRetryable('cannot change the view [55000]', 'StatementRefused');
        },
      }),
      { windowMs: 1 },
    );
    await publish(play);
    await signOff(play);
    const held = await play.until('the second hold', ({ hold }) => hold?.reason.startsWith('the release was') === true);
    expect(held).toMatchObject({ status: 'held', hold: { from: 'consolidating' }, release: { state: 'rolled_back' } });
  });
});
