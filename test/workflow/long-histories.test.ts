import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BatchRange } from '../../src/domain/batch-queue.ts';
import { DIGEST, countsOf, evidence } from './script.ts';
import type { Play, Stage } from './stage.ts';
import { createStage, recorded } from './stage.ts';
import { waitFor } from '../support/wait-for.ts';
import { runHistories } from './run-histories.ts';

const BUDGET = 60;
/** What may follow when the budget is spent: fifteen messages of up to six events, and the last claims of three lanes. */
const SLACK = 15 * 6 + 3 * 6;

describe('a run whose history grows long', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await createStage();
  });
  afterAll(() => stage.end());

  it('continues as new while it builds, and loses no batch, no limit and no message', async () => {
    const play = await stage.start(undefined, {
      historyBudget: BUDGET,
      plan: { batches: 80, partitions: 160, maxConcurrency: 2 },
    });
    await play.called('rebuildClaim');
    expect(await play.update('setLimits', { by: 'olaf', max_concurrency: 3 })).toBe('setLimits is heard');
    for (let n = 1; n <= 15; n += 1) await play.signal(`stranger${n}`, { by: 'olaf' });
    const waiting = await play.reach('awaitingApproval');
    const refused = () => new Set(recorded(play).flatMap((told) => ('reason' in told ? [told.message] : [])));
    await waitFor(() => refused().size === 15, {
      timeoutMs: 10_000,
      describe: 'the ledger to be told of 15 strangers',
    });
    expect(waiting.refusals.map(({ message }) => message)).toEqual(
      Array.from({ length: 10 }, (_, index) => `stranger${index + 6}`),
    );
    expect(waiting).toMatchObject({ batches: { done: 80 }, limits: { maxConcurrency: 3 }, requestedBy: 'dora' });
    expect(batchesBuilt(play)).toEqual(Array.from({ length: 80 }, (_, index) => index + 1));
    const histories = await runHistories(stage.client, play.workflowId);
    expect(histories.length).toBeGreaterThan(1);
    for (const { events } of histories) expect(events?.length).toBeLessThanOrEqual(BUDGET + SLACK);
    expect(play.count('planBackfill')).toBe(1);
  });

  it('continues as new while it only waits, and still knows what it waits for', async () => {
    const play = await stage.start(undefined, { historyBudget: BUDGET });
    await play.reach('awaitingApproval');
    for (let n = 1; n <= 20; n += 1) {
      await play.signal('livePipelineStarted', { name: `run ${n}` });
      await play.signal('livePipelineFinished');
    }
    await play.until('a fresh history', ({ historyLength, waitingOn }) => historyLength < BUDGET && waitingOn !== null);
    expect(await play.update('approve', { by: 'finance-controller', digest: DIGEST })).toBe('approve is heard');
    await play.reach('observing');
    expect((await runHistories(stage.client, play.workflowId)).length).toBeGreaterThan(1);
  });

  it('takes a state from its predecessor only: one that a person hands in is planned like any other input', async () => {
    const play = await stage.start(undefined, { continued: { status: 'consolidating' } });
    await play.reach('awaitingApproval');
    expect(play.calls[0]?.name).toBe('planBackfill');
    expect(play.count('consolidateClaim')).toBe(0);
  });
});

describe('what the ledger says', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await createStage();
  });
  afterAll(() => stage.end());

  it('wins over what the run remembers: a rollback by hand is noticed and no later step runs over it', async () => {
    const play = await stage.start((happy) => ({
      watchLiveWrites: async (input) =>
        input.published
          ? { kind: 'rolledBackByHand', at: '2026-06-15T10:00:00.000Z', by: 'olaf' }
          : happy.watchLiveWrites(input),
    }));
    await play.reach('awaitingApproval');
    await play.update('approve', { by: 'finance-controller', digest: DIGEST });
    const back = await play.reach('rolledBack');
    expect(back).toMatchObject({
      because: 'the ledger shows a rollback by olaf at 2026-06-15T10:00:00.000Z',
      release: { state: 'rolled_back' },
    });
    expect(play.count('rollBackRelease')).toBe(0);
  });

  it('voids an approval that live writes outgrew, and asks for a new one on new evidence', async () => {
    let rounds = 0;
    const play = await stage.start((happy) => ({
      concludeEvidence: async () => {
        rounds += 1;
        return {
          kind: 'concluded',
          evidence: evidence(rounds === 1 ? DIGEST : DIGEST.replace('aa', 'ab')),
          failed: null,
          counts: countsOf(6),
        };
      },
      publishRelease: async (input) =>
        rounds === 1
          ? { kind: 'approvalVoid', reason: 'live writes restated 9 partitions since the evidence' }
          : happy.publishRelease(input),
    }));
    await play.reach('awaitingApproval');
    await play.update('approve', { by: 'finance-controller', digest: DIGEST });
    const again = await play.until(
      'new evidence',
      ({ status, evidenceDigest }) => status === 'awaitingApproval' && evidenceDigest !== DIGEST,
    );
    expect(again.approval).toBeNull();
    expect(await play.update('approve', { by: 'finance-controller', digest: DIGEST })).toContain(
      'the digest is not that of the present evidence',
    );
    await play.update('approve', { by: 'finance-controller', digest: again.evidenceDigest });
    await play.reach('observing');
  });

  it('takes a run up again that the ledger holds as published', async () => {
    const published = {
      releaseId: 'FIN-2841',
      publishedAt: '2026-06-15T10:00:00.000Z',
      deadline: new Date(Date.now() + 3_600_000).toISOString(),
      rollbackStatement: 'undo FIN-2841',
    };
    const play = await stage.start((happy) => ({
      planBackfill: async (input) => {
        const outcome = await happy.planBackfill(input);
        return outcome.kind === 'planned'
          ? {
              ...outcome,
              resume: {
                ...RESUMED,
                at: 'observing',
                release: { ...published, consolidatedAt: null, state: 'published', shape: 'armed' },
              },
            }
          : outcome;
      },
    }));
    expect(await play.reach('observing')).toMatchObject({
      rollbackStatement: 'undo FIN-2841',
      rollbackDeadline: published.deadline,
    });
    expect(play.count('rebuildClaim') + play.count('publishRelease')).toBe(0);
  });

  it('keeps a rejection, and a retry asks for approval again', async () => {
    const play = await stage.start();
    await play.reach('awaitingApproval');
    await play.signal('reject', { by: 'finance-director', reason: 'wrong quarter' });
    const held = await play.reach('held');
    expect(held.hold).toMatchObject({
      from: 'reconciling',
      reason: 'finance-director rejected the evidence: wrong quarter',
    });
    await play.signal('retry', { by: 'olaf' });
    await play.reach('awaitingApproval');
    expect(play.count('concludeEvidence')).toBe(2);
  });
});

const RESUMED = {
  signOffs: [],
  inForce: { limits: {}, paused: null },
  consolidated: 0,
  evidence: null,
  approvals: [],
  waivers: [],
};

function batchesBuilt({ calls }: Play): number[] {
  const claims = calls.filter(({ name }) => name === 'rebuildClaim').map(({ input }) => input['claim'] as BatchRange);
  return claims
    .flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, index) => from + index))
    .sort((a, b) => a - b);
}
