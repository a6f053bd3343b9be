import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LiveWrites } from '../../src/domain/live-writes.ts';
import type { WatchOutcome } from '../../src/protocol/activities.ts';
import { DIGEST, countsOf, untilCancelled } from './script.ts';
import type { Play, Stage } from './stage.ts';
import { createStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.end());

const SEEN: LiveWrites = {
  at: '2026-06-15T10:20:00.000Z',
  openMarks: 3,
  dirtyPartitions: 2,
  oldestMarkAt: '2026-06-15T10:00:00.000Z',
  dirtiedPerSecond: 2,
  secondsPerRebuild: 0.5,
  load: 1,
  converges: false,
  beyondLimitSince: null,
  comparedAsOf: null,
};
const DIVERGES = { kind: 'diverges', reason: 'live writes dirty 2 partitions a second', liveWrites: SEEN } as const;

/** Once what the script says, then as if nothing happened any more. */
function once(outcome: WatchOutcome): () => Promise<WatchOutcome> {
  let told = false;
  return () => {
    if (told) return untilCancelled();
    told = true;
    return Promise.resolve(outcome);
  };
}

async function approve(play: Play): Promise<void> {
  await play.reach('awaitingApproval');
  await play.update('approve', { by: 'finance-controller', digest: DIGEST });
}

describe('live writes that come faster than they are followed', () => {
  it('hold the run while it reconciles, with the figures, and a retry reconciles again', async () => {
    let first = true;
    const play = await stage.start((happy) => ({
      concludeEvidence: (input) => {
        if (!first) return happy.concludeEvidence(input);
        first = false;
        return Promise.resolve(DIVERGES);
      },
    }));
    const held = await play.reach('held');
    expect(held).toMatchObject({ hold: { from: 'reconciling', reason: DIVERGES.reason }, liveWrites: SEEN });
    await play.update('retry', { by: 'olaf' });
    await play.reach('awaitingApproval');
    expect(play.count('concludeEvidence')).toBe(2);
  });

  it('hold it while approval is awaited, and a retry awaits it again', async () => {
    const play = await stage.start(() => ({ watchLiveWrites: once(DIVERGES) }));
    expect((await play.reach('held')).hold).toMatchObject({ from: 'awaitingApproval', reason: DIVERGES.reason });
    await play.update('retry', { by: 'olaf' });
    await play.reach('awaitingApproval');
  });

  it('hold it before the switch, approved as it is', async () => {
    let first = true;
    const play = await stage.start((happy) => ({
      publishRelease: (input) => {
        if (!first) return happy.publishRelease(input);
        first = false;
        return Promise.resolve(DIVERGES);
      },
    }));
    await approve(play);
    expect(await play.reach('held')).toMatchObject({
      hold: { from: 'publishing', reason: DIVERGES.reason },
      approval: { by: 'finance-controller' },
      release: null,
    });
    await play.update('retry', { by: 'olaf' });
    await play.reach('observing');
  });
});

describe('a lag of a release', () => {
  const BEYOND = { ...SEEN, beyondLimitSince: '2026-06-15T10:15:00.000Z' };
  const behind = /; live writes are followed later than late_drift\.max_lag allows since 2026-06-15T10:15:00\.000Z/;

  it('is shown with the wait, until the writes are followed', async () => {
    let follow: () => void = () => undefined;
    const followed = new Promise<void>((resolve) => {
      follow = resolve;
    });
    let calls = 0;
    const play = await stage.start(() => ({
      watchLiveWrites: async ({ published }) => {
        if (!published) return untilCancelled();
        calls += 1;
        if (calls === 1) return { kind: 'lag', liveWrites: BEYOND };
        if (calls > 2) return untilCancelled();
        await followed;
        return { kind: 'rebuilt', counts: countsOf(6), liveWrites: { ...SEEN, openMarks: 0 } };
      },
    }));
    await approve(play);
    const view = await play.until('the lag to be shown', ({ waitingOn }) => behind.test(waitingOn?.reason ?? ''));
    expect(view).toMatchObject({ status: 'observing', liveWrites: BEYOND });
    follow();
    const after = await play.until('the lag to be over', ({ liveWrites }) => liveWrites?.openMarks === 0);
    expect(after.waitingOn?.reason).toBe('the rollback window');
  });

  it('is shown while the run is held, which stays as it is', async () => {
    const check = { name: 'row_count', level: 'structural', verdict: 'fail', figure: '+3', limit: '±0' } as const;
    let watches = 0;
    const play = await stage.start(() => ({
      watchLiveWrites: async ({ published, pointerOnly }) => {
        if (!published) return untilCancelled();
        if (pointerOnly !== true) return { kind: 'failed', batch: 3, check };
        watches += 1;
        return watches === 1 ? { kind: 'lag', liveWrites: BEYOND } : untilCancelled();
      },
    }));
    await approve(play);
    const held = await play.until('the lag to be shown', ({ waitingOn }) => behind.test(waitingOn?.reason ?? ''));
    expect(held).toMatchObject({ status: 'held', hold: { from: 'observing', check }, liveWrites: BEYOND });
    expect(watches).toBeGreaterThan(0);
  });
});
