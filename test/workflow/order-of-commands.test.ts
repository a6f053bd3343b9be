import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Play, Stage } from './stage.ts';
import { createStage } from './stage.ts';
import { DIGEST } from './script.ts';

describe('a backfill from plan to sign-off', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await createStage();
  });
  afterAll(() => stage.end());

  it('does one thing after the other, and records each status before its first step', async () => {
    const play = await stage.start(undefined, { windowMs: 1 });
    await play.reach('awaitingApproval');
    expect(await play.update('approve', { by: 'finance-controller', digest: DIGEST })).toBe('approve is heard');
    await play.reach('awaitingSignOff');
    await signOffTogether(play);
    expect(await play.handle.result()).toMatchObject({ status: 'completed', releaseId: 'FIN-2841' });
    expect(story(play)).toMatchInlineSnapshot(`
      "planBackfill
      — proving
      proveIdempotency
      proveLogic
      — preserving
      installCapture
      takeSnapshot
      createShadow
      — building
      rebuildClaim {"from":1,"to":1}
      rebuildClaim {"from":2,"to":3}
      rebuildClaim {"from":4,"to":5}
      rebuildClaim {"from":6,"to":6}
      — reconciling
      concludeEvidence
      — awaitingApproval
      recordDecision approve
      — publishing
      publishRelease
      — observing
      — awaitingSignOff
      recordDecision signOff
      recordDecision signOff
      recordDecision signOff
      — consolidating
      consolidateClaim
      retireOverlay
      cleanUp
      cleanUp
      — completed"
    `);
    expect(await play.handle.describe().then(({ memo }) => memo)).toMatchObject({
      status: 'completed',
      rollback: 'nothing is published',
    });
  });

  it('rolls back, publishes again with a new approval, and can be closed instead', async () => {
    const play = await stage.start();
    for (const release of ['FIN-2841', 'FIN-2841.2']) {
      await play.reach('awaitingApproval');
      await play.update('approve', { by: 'finance-controller', digest: DIGEST });
      const observing = await play.reach('observing');
      expect(observing).toMatchObject({
        release: { releaseId: release, state: 'published' },
        rollbackStatement: `undo ${release}`,
      });
      const waiting = await play.until('the window', ({ waitingOn }) => waitingOn !== null);
      expect(waiting.waitingOn).toMatchObject({ reason: 'the rollback window', until: observing.rollbackDeadline });
      await play.signal('rollback', { by: 'olaf', reason: 'the dashboard broke' });
      const back = await play.reach('rolledBack');
      expect(back).toMatchObject({ release: { state: 'rolled_back' }, approval: null, rollbackStatement: null });
      await play.signal(release === 'FIN-2841' ? 'republish' : 'close', { by: 'olaf' });
    }
    expect(await play.handle.result()).toMatchObject({ status: 'closed' });
    expect(play.count('rebuildClaim')).toBe(4);
    expect(play.count('concludeEvidence')).toBe(2);
    expect(play.calls.at(-2)).toMatchObject({ name: 'cleanUp', input: { keepSnapshot: false } });
  });

  it('hears sign-offs that arrive together, once each', async () => {
    const play = await stage.start(undefined, { windowMs: 1 });
    await play.reach('awaitingApproval');
    await play.update('approve', { by: 'finance-controller', digest: DIGEST });
    await play.reach('awaitingSignOff');
    await Promise.all([signOffTogether(play), signOffTogether(play)]);
    await play.handle.result();
    const recorded = play.calls.filter(
      ({ name, input }) => name === 'recordDecision' && JSON.stringify(input).includes('signOff'),
    );
    expect(recorded).toHaveLength(3);
    expect((await play.status()).signOffs.map(({ party }) => party).sort()).toEqual([
      'business-intelligence',
      'finance-data',
      'revenue-operations',
    ]);
  });
});

async function signOffTogether(play: Play): Promise<void> {
  await Promise.all(
    ['finance-data', 'business-intelligence', 'revenue-operations'].map((by) => play.signal('signOff', { by })),
  );
}

/** The activities in order, but for watches, which begin anew at every message; a status that is recorded reads as the status. */
function story({ calls }: Play): string {
  return calls
    .filter(({ name }) => name !== 'watchLiveWrites')
    .map(({ name, input }) => {
      if (name === 'recordStatus') return `— ${String(input['status'])}`;
      if (name === 'rebuildClaim') return `${name} ${JSON.stringify(input['claim'])}`;
      if (name === 'recordDecision') return `${name} ${(input['decision'] as { kind: string }).kind}`;
      return name;
    })
    .join('\n');
}
