import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BatchRange } from '../../src/domain/batch-queue.ts';
import { countsOf, stoppedAt, untilCancelled } from './script.ts';
import type { Script } from './script.ts';
import type { Stage } from './stage.ts';
import { createStage, recorded } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.end());

/** The first claim works until it is told to stop, and gives all of it back; later ones finish. */
function firstClaimWaits(happy: Script): Partial<Script> {
  let calls = 0;
  return {
    rebuildClaim: async (input) => {
      calls += 1;
      if (calls > 1) return happy.rebuildClaim(input);
      await untilCancelled().catch(() => undefined);
      return stoppedAt(input.claim, { kind: 'asked' }, countsOf(0));
    },
  };
}

describe('a pause', () => {
  it('stops the work at its boundary, shows who asked and why, and goes on from the same batch', async () => {
    const play = await stage.start(firstClaimWaits);
    await play.called('rebuildClaim');
    expect(await play.update('pause', { by: 'olaf', reason: 'month end' })).toBe('pause is heard');
    const paused = await play.until('the pause', ({ waitingOn }) => waitingOn !== null);
    expect(paused.waitingOn?.reason).toBe('paused by olaf: month end; resume ends it');
    expect(paused.batches.done).toBe(0);
    expect(await play.update('pause', { by: 'olaf', reason: 'month end' })).toBe('nothing to do: it is paused by olaf');
    await play.signal('resume', { by: 'olaf' });
    const done = await play.reach('awaitingApproval');
    await play.called('recordMessages', 2);
    expect(recorded(play)).toMatchObject([
      { message: 'pause', by: 'olaf', detail: { reason: 'month end' } },
      { message: 'resume', by: 'olaf', detail: {} },
    ]);
    expect(done.batches).toEqual({ total: 6, done: 6, failed: 0 });
    const claims = play.calls
      .filter(({ name }) => name === 'rebuildClaim')
      .map(({ input }) => (input['claim'] as BatchRange).from);
    expect(claims.slice(0, 2)).toEqual([1, 1]);
  });

  it('is heard at once while the ledger is away, which is told when it is back', async () => {
    let back = (): void => undefined;
    const isBack = new Promise<void>((resolve) => (back = resolve));
    const play = await stage.start((happy) => ({ ...firstClaimWaits(happy), recordMessages: () => isBack }));
    await play.called('rebuildClaim');
    expect(await play.update('pause', { by: 'olaf', reason: 'month end' })).toBe('pause is heard');
    expect(await play.update('abort', { by: 'olaf', reason: 'wrong spec' })).toBe('abort is heard');
    await play.called('cleanUp');
    expect(recorded(play).map(({ message }) => message)).toEqual(['pause']);
    expect((await play.handle.describe()).status.name).toBe('RUNNING');
    back();
    expect(await play.handle.result()).toMatchObject({ status: 'aborted' });
    expect(recorded(play).map(({ message, number }) => [number, message])).toEqual([
      [1, 'pause'],
      [2, 'abort'],
    ]);
  });

  it('leads to the same state by signal and by update', async () => {
    const [one, other] = await Promise.all([stage.start(firstClaimWaits), stage.start(firstClaimWaits)]);
    await Promise.all([one.called('rebuildClaim'), other.called('rebuildClaim')]);
    await one.signal('pause', { by: 'olaf', reason: 'month end' });
    await other.update('pause', { by: 'olaf', reason: 'month end' });
    const views = await Promise.all(
      [one, other].map((play) => play.until('the pause', ({ waitingOn }) => waitingOn !== null)),
    );
    const [a, b] = views.map(({ status, batches, partitions, waitingOn, refusals, limits }) => ({
      status,
      batches,
      partitions,
      refusals,
      limits,
      reason: waitingOn?.reason,
    }));
    expect(a).toEqual(b);
    await one.signal('pause', 'now');
    const refused = await one.until('the refusal', ({ refusals }) => refusals.length > 0);
    expect(refused.refusals[0]?.reason).toBe('pause: say who you are in "by"');
    expect(await other.update('pause', 'now')).toBe('pause: say who you are in "by"');
    expect(await other.update('pause')).toBe('pause: say who you are in "by"');
  });

  it('by a run of the live pipeline ends with its signal', async () => {
    const play = await stage.start(firstClaimWaits);
    await play.called('rebuildClaim');
    await play.signal('livePipelineStarted', { name: 'nightly' });
    const waiting = await play.until('the wait', ({ waitingOn }) => waitingOn !== null);
    expect(waiting.waitingOn?.reason).toBe(
      'the live pipeline nightly signalled that it runs; livePipelineFinished ends it',
    );
    expect(waiting.waitingOn?.until).toBeDefined();
    await play.signal('livePipelineFinished');
    await play.reach('awaitingApproval');
  });

  it('by a signal whose end got lost is over when the signal expires', async () => {
    const play = await stage.start(firstClaimWaits, { plan: { startedSignalExpiresMs: 300 } });
    await play.called('rebuildClaim');
    await play.signal('livePipelineStarted', { name: 'nightly' });
    await play.reach('awaitingApproval');
  });
});

describe('a step without a cursor', () => {
  /** Its first call works until it is told to stop. */
  const firstCallWaits =
    (name: 'takeSnapshot' | 'proveLogic') =>
    (happy: Script): Partial<Script> => {
      let calls = 0;
      return {
        [name]: async (input: { readonly backfillId: string }) => {
          calls += 1;
          return calls > 1 ? happy[name](input) : untilCancelled();
        },
      };
    };

  it.each(['takeSnapshot', 'proveLogic'] as const)(
    '%s is stopped by a pause and begins anew after it',
    async (name) => {
      const play = await stage.start(firstCallWaits(name));
      await play.called(name);
      await play.update('pause', { by: 'olaf', reason: 'month end' });
      await play.until('the pause', ({ waitingOn }) => waitingOn?.reason.startsWith('paused by olaf') === true);
      await play.signal('resume', { by: 'olaf' });
      await play.reach('awaitingApproval');
      expect(play.count(name)).toBe(2);
      expect(play.count('proveIdempotency')).toBe(1);
      expect(play.count('installCapture')).toBe(1);
    },
  );

  it('is stopped by an abort, and what was made is removed', async () => {
    const play = await stage.start(firstCallWaits('takeSnapshot'));
    await play.called('takeSnapshot');
    await play.update('abort', { by: 'olaf', reason: 'wrong spec' });
    expect(await play.handle.result()).toMatchObject({ status: 'aborted' });
    expect(play.count('createShadow')).toBe(0);
    expect(play.count('cleanUp')).toBe(1);
  });

  it('is not begun anew for any other message', async () => {
    let finish = (): void => undefined;
    const mayFinish = new Promise<void>((resolve) => (finish = resolve));
    const play = await stage.start((happy) => ({
      takeSnapshot: async (input) => Promise.race([untilCancelled(), mayFinish.then(() => happy.takeSnapshot(input))]),
    }));
    await play.called('takeSnapshot');
    await play.update('livePipelineStarted', { name: 'nightly' });
    await play.update('setLimits', { by: 'olaf', max_concurrency: 2 });
    await play.update('livePipelineFinished');
    finish();
    await play.reach('awaitingApproval');
    expect(play.count('takeSnapshot')).toBe(1);
  });
});

describe('a closed gate', () => {
  it('is waited for in the open, by one activity, and work goes on when it opens', async () => {
    let closed = true;
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const play = await stage.start((happy) => ({
      rebuildClaim: async (input) =>
        closed
          ? stoppedAt(
              input.claim,
              { kind: 'gate', reason: 'the live pipeline nightly runs', until: '2026-06-15T12:00:00.000Z' },
              countsOf(0),
            )
          : happy.rebuildClaim(input),
      awaitGate: () => opened,
    }));
    await play.called('awaitGate');
    const waiting = await play.until('the wait', ({ waitingOn }) => waitingOn !== null);
    expect(waiting.status).toBe('building');
    expect(waiting.waitingOn).toMatchObject({
      reason: 'the live pipeline nightly runs',
      until: '2026-06-15T12:00:00.000Z',
    });
    closed = false;
    open();
    const approval = await play.until('approval', ({ waitingOn }) => waitingOn?.reason.startsWith('approval') === true);
    expect(approval.waitingOn?.reason).toBe(
      'approval of evidence aa11bb22cc33 by finance-controller or finance-director',
    );
    expect(play.count('awaitGate')).toBe(1);
  });
});

describe('limits', () => {
  it('that are raised while it runs open more lanes', async () => {
    const play = await stage.start(firstClaimWaits, { plan: { batches: 40, partitions: 80 } });
    await play.called('rebuildClaim');
    expect(await play.update('setLimits', { by: 'olaf', max_concurrency: 3 })).toBe('setLimits is heard');
    await play.reach('awaitingApproval');
    const lanes = new Set(play.calls.filter(({ name }) => name === 'rebuildClaim').map(({ input }) => input['lane']));
    expect([...lanes].sort()).toEqual([1, 2, 3]);
    expect((await play.status()).limits).toEqual({ maxConcurrency: 3, dailyBytesBudget: null });
  });
});

describe('a message that nobody knows', () => {
  it('is shown as refused with the names that are known, and recorded', async () => {
    const play = await stage.start(firstClaimWaits);
    await play.called('rebuildClaim');
    await play.signal('aprove', { by: 'finance-controller' });
    const { refusals } = await play.until('the refusal', (view) => view.refusals.length > 0);
    expect(refusals[0]).toMatchObject({ message: 'aprove' });
    expect(refusals[0]?.reason).toMatch(/^no message has this name; known are pause, resume, approve, /);
    await play.called('recordMessages');
  });
});

describe('giving up', () => {
  it('stops the work, drops what was made and says so', async () => {
    const play = await stage.start(firstClaimWaits);
    await play.called('rebuildClaim');
    await play.signal('abort', { by: 'olaf', reason: 'wrong spec' });
    expect(await play.handle.result()).toMatchObject({ status: 'aborted', releaseId: null });
    expect(play.calls.at(-2)).toMatchObject({ name: 'cleanUp', input: { keepSnapshot: false } });
  });

  it("is what Temporal's Cancel means before publication", async () => {
    const play = await stage.start(firstClaimWaits);
    await play.called('rebuildClaim');
    await play.handle.cancel();
    expect(await play.handle.result()).toMatchObject({ status: 'aborted' });
    expect(play.count('cleanUp')).toBe(1);
  });

  it('while the switch is tried for long ends it before readers are switched', async () => {
    const play = await stage.start(() => ({
      publishRelease: async (input) => (input.lookOnly === true ? { kind: 'notPublished' } : untilCancelled()),
    }));
    const { evidenceDigest } = await play.reach('awaitingApproval');
    await play.update('approve', { by: 'finance-controller', digest: evidenceDigest });
    await play.called('publishRelease');
    await play.update('abort', { by: 'olaf', reason: 'wrong spec' });
    expect(await play.handle.result()).toMatchObject({ status: 'aborted' });
    expect(play.calls.filter(({ name }) => name === 'publishRelease').map(({ input }) => input['lookOnly'])).toEqual([
      undefined,
      true,
    ]);
  });

  it('that meets a switch whose reply was lost comes too late: the ledger says so', async () => {
    const play = await stage.start((happy) => ({
      publishRelease: async (input) =>
        input.lookOnly === true ? happy.publishRelease({ ...input, windowMs: 3_600_000 }) : untilCancelled(),
    }));
    const { evidenceDigest } = await play.reach('awaitingApproval');
    await play.update('approve', { by: 'finance-controller', digest: evidenceDigest });
    await play.called('publishRelease');
    await play.update('abort', { by: 'olaf', reason: 'wrong spec' });
    const observing = await play.reach('observing');
    expect(observing.release?.state).toBe('published');
    expect(observing.refusals.at(-1)?.reason).toMatch(/^abort: asked for by olaf and overtaken/);
    expect(play.count('cleanUp')).toBe(0);
  });

  it('is refused in sight when it comes too late, by message or by Cancel, and the release stands', async () => {
    let published = (): void => undefined;
    const mayPublish = new Promise<void>((resolve) => (published = resolve));
    const play = await stage.start((happy) => ({
      publishRelease: async (input) => {
        await mayPublish;
        return happy.publishRelease(input);
      },
    }));
    const { evidenceDigest } = await play.reach('awaitingApproval');
    await play.update('approve', { by: 'finance-controller', digest: evidenceDigest });
    await play.called('publishRelease');
    expect(await play.update('abort', { by: 'olaf', reason: 'wrong spec' })).toBe('abort is heard');
    published();
    const observing = await play.until('the refusal', ({ refusals }) => refusals.length === 1);
    expect(observing).toMatchObject({ status: 'observing', release: { state: 'published' } });
    expect(observing.refusals[0]?.reason).toBe(
      'abort: asked for by olaf and overtaken, because the backfill went from publishing to observing',
    );
    await play.handle.cancel();
    const refused = await play.until('the second refusal', ({ refusals }) => refusals.length === 2);
    expect(refused.status).toBe('observing');
    expect(refused.refusals[1]?.reason).toBe('abort: the correction was published; use rollback (status observing)');
    expect(play.count('cleanUp')).toBe(0);
  });
});
