import { describe, expect, it } from 'vitest';
import type { LedgerCounts, Request } from '../../src/domain/backfill-state.ts';
import type { Work } from '../../src/domain/backfill-event.ts';
import { reduce } from '../../src/domain/reduce.ts';
import { DIGEST, EVIDENCE, FAILING, LATER, NOW, PLAN, RELEASE, stateIn } from './states.ts';

const COUNTS: LedgerCounts = {
  partitionsDone: 21,
  partitionsRebuilt: 0,
  batchesDone: 3,
  batchesFailed: 0,
  bytesScanned: 100,
};
const APPROVAL = { by: 'finance-controller', identified: 'claimed', digest: DIGEST, comment: '', at: NOW } as const;

describe('what happens to a backfill', () => {
  it('takes limits, queue and what the ledger holds already from its plan', () => {
    const state = reduce(
      stateIn('planning', { plan: null }),
      { type: 'planned', plan: PLAN, requestedBy: 'finance-data', counts: COUNTS },
      LATER,
    );
    expect(state).toMatchObject({
      requestedBy: 'finance-data',
      limits: { maxConcurrency: 2, dailyBytesBudget: null },
      queue: { next: 1, total: 79, returned: [] },
      progress: { ...COUNTS, measuredBatches: 0, startedAt: LATER },
    });
  });

  it("takes its progress from the ledger's count, adds up what it measured, and puts back what was not finished", () => {
    const work: Work = { counts: COUNTS, batches: 2, busyMs: 5, rest: { from: 3, to: 5 } };
    const once = reduce(stateIn('building'), { type: 'worked', work }, NOW);
    const counts = { ...COUNTS, partitionsDone: 28, partitionsRebuilt: 4 };
    const twice = reduce(once, { type: 'worked', work: { ...work, counts, rest: null } }, NOW);
    expect(twice.queue.returned).toEqual([{ from: 3, to: 5 }]);
    expect(twice.progress).toEqual({ ...counts, measuredBatches: 4, busyMs: 10, startedAt: null });
    const unasked = reduce(twice, { type: 'worked', work: { ...work, counts: null, batches: 0, busyMs: 0 } }, NOW);
    expect(unasked.progress).toEqual(twice.progress);
  });

  it('remembers where a hold came from, or the place that it names', () => {
    const hold = { reason: 'x', check: FAILING, batch: 12 };
    expect(reduce(stateIn('building'), { type: 'held', hold }, LATER).hold).toEqual({
      ...hold,
      from: 'building',
      since: LATER,
    });
    expect(reduce(stateIn('reconciling'), { type: 'held', from: 'building', hold }, LATER).hold?.from).toBe('building');
  });

  it('forgets an approval when the evidence is concluded anew, voided or rolled back', () => {
    const approved = stateIn('awaitingApproval', { approval: APPROVAL, release: RELEASE });
    for (const event of [
      { type: 'concluded', evidence: EVIDENCE },
      { type: 'approvalVoid' },
      { type: 'rolledBack', at: LATER },
    ] as const)
      expect(reduce(approved, event, LATER).approval, event.type).toBeNull();
  });

  it('counts releases, and starts the sign-offs of each anew', () => {
    const again = stateIn('publishing', { releases: 1, signOffs: [{ party: 'finance-data', at: NOW }] });
    const release = { ...RELEASE, releaseId: 'FIN-2841.2' };
    expect(reduce(again, { type: 'published', release, deadline: LATER, statement: 'UPDATE …' }, NOW)).toMatchObject({
      releases: 2,
      signOffs: [],
      shape: 'armed',
      rollbackDeadline: LATER,
      rollbackStatement: 'UPDATE …',
    });
  });

  it('offers no rollback statement once there is nothing to roll back', () => {
    const published = stateIn('observing', {
      release: RELEASE,
      rollbackStatement: 'UPDATE …',
      rollbackDeadline: LATER,
    });
    const none = { rollbackStatement: null, rollbackDeadline: null };
    expect(reduce(published, { type: 'rolledBack', at: NOW }, NOW)).toMatchObject({
      ...none,
      release: { state: 'rolled_back' },
    });
    expect(reduce(published, { type: 'consolidated', retainUntil: LATER }, NOW)).toMatchObject({
      ...none,
      shape: 'plain',
      retainUntil: LATER,
      release: { state: 'consolidated' },
    });
  });

  it('takes one request off the list, not its namesake', () => {
    const one: Request = { kind: 'signOff', by: 'finance-data' };
    const other: Request = { kind: 'signOff', by: 'business-intelligence' };
    const asked = [one, other].reduce(
      (state, request) => reduce(state, { type: 'requested', request }, NOW),
      stateIn('awaitingSignOff'),
    );
    expect(reduce(asked, { type: 'requestDone', request: one }, NOW).requests).toEqual([other]);
  });

  it('keeps the last ten refusals', () => {
    let state = stateIn('building');
    for (let n = 1; n <= 13; n += 1) state = reduce(state, { type: 'refused', message: `m${n}`, reason: 'no' }, NOW);
    expect(state.refusals.map((refusal) => refusal.message)).toEqual(
      Array.from({ length: 10 }, (_, index) => `m${index + 4}`),
    );
  });

  it('keeps for the ledger what was received, in its order, until it is told', () => {
    const telling = (n: number) => ({ message: 'aprove', reason: `no message has this name, ${n}` });
    const two = [1, 2].reduce(
      (state, n) => reduce(state, { type: 'received', telling: telling(n) }, LATER),
      stateIn('building'),
    );
    expect(two.untold).toEqual([
      { ...telling(1), at: LATER, number: 1 },
      { ...telling(2), at: LATER, number: 2 },
    ]);
    const one = reduce(two, { type: 'told', upTo: 1 }, LATER);
    expect(one.untold.map(({ number }) => number)).toEqual([2]);
    expect(reduce(one, { type: 'received', telling: telling(3) }, LATER).untold.at(-1)?.number).toBe(3);
  });

  it('stays small while the ledger is away, whatever is sent', () => {
    const detail = { reason: 'x'.repeat(100_000) };
    let state = stateIn('building');
    for (let n = 1; n <= 600; n += 1)
      state = reduce(state, { type: 'received', telling: { message: 'pause', by: 'olaf', detail } }, NOW);
    expect(state.untold.map(({ number }) => number)).toEqual(Array.from({ length: 500 }, (_, index) => index + 101));
    expect(JSON.stringify(state).length).toBeLessThan(1_000_000);
  });

  it('gives a step more room with every run that came to nothing, until something moves', () => {
    const twice = [1, 2].reduce(
      (state) => reduce(state, { type: 'continued', advanced: false }, NOW),
      stateIn('preserving'),
    );
    expect(twice.begunAnew).toBe(2);
    expect(reduce(twice, { type: 'continued', advanced: true }, NOW).begunAnew).toBe(0);
    expect(reduce(twice, { type: 'moved', to: 'building' }, NOW).begunAnew).toBe(0);
  });

  it('takes up what the ledger kept of an earlier workflow', () => {
    const paused = { by: 'olaf', reason: 'month end', since: NOW };
    const signOffs = [{ party: 'finance-data', at: NOW }];
    const inForce = { limits: { maxConcurrency: 5 }, paused };
    const state = reduce(
      stateIn('planning'),
      { type: 'takenUp', inForce, signOffs, evidence: null, approvals: [], waivers: [], consolidated: 3 },
      LATER,
    );
    expect(state).toMatchObject({
      limits: { maxConcurrency: 5, dailyBytesBudget: null },
      paused,
      signOffs,
      consolidated: 3,
    });
  });

  it('pauses and resumes, and hears of runs of the live pipeline', () => {
    const paused = reduce(stateIn('building'), { type: 'paused', by: 'olaf', reason: 'month end' }, LATER);
    expect(paused.paused).toEqual({ by: 'olaf', reason: 'month end', since: LATER });
    expect(reduce(paused, { type: 'resumed' }, LATER).paused).toBeNull();
    const running = reduce(paused, { type: 'pipelineStarted', name: 'nightly' }, LATER);
    expect(running.pipelineSignals).toEqual([{ name: 'nightly', since: LATER }]);
    expect(reduce(running, { type: 'pipelineFinished', name: null }, LATER).pipelineSignals).toEqual([]);
  });

  it('changes a limit and leaves the other', () => {
    const state = reduce(stateIn('building'), { type: 'limited', limits: { dailyBytesBudget: 5 } }, NOW);
    expect(state.limits).toEqual({ maxConcurrency: 2, dailyBytesBudget: 5 });
  });

  it('never changes the state it was given', () => {
    const before = stateIn('building');
    const copy = structuredClone(before);
    reduce(before, { type: 'worked', work: { counts: COUNTS, batches: 1, busyMs: 1, rest: { from: 1, to: 1 } } }, NOW);
    reduce(before, { type: 'moved', to: 'reconciling' }, NOW);
    expect(before).toEqual(copy);
  });
});

describe('a request that was overtaken', () => {
  const abort: Request = { kind: 'abort', by: 'olaf', reason: 'wrong spec' };
  const reject: Request = { kind: 'reject', by: 'finance-director', reason: 'wrong quarter' };

  it('is dropped, visibly, when the status it was meant for is left', () => {
    const asked = stateIn('publishing', { requests: [abort] });
    const published = reduce(asked, { type: 'moved', to: 'observing' }, LATER);
    expect(published.requests).toEqual([]);
    expect(published.refusals).toEqual([
      {
        message: 'abort',
        reason: 'abort: asked for by olaf and overtaken, because the backfill went from publishing to observing',
        at: LATER,
      },
    ]);
    expect(published.untold).toMatchObject([{ message: 'abort', reason: published.refusals[0]?.reason, at: LATER }]);
  });

  it('does not come to life again in a later round', () => {
    const asked = stateIn('awaitingApproval', { requests: [reject, abort] });
    expect(reduce(asked, { type: 'moved', to: 'publishing' }, LATER).requests).toEqual([abort]);
    const retry: Request = { kind: 'retry', by: 'olaf' };
    const waived = stateIn('held', { requests: [retry] });
    expect(reduce(waived, { type: 'moved', to: 'building' }, LATER).requests).toEqual([]);
    const rollback: Request = { kind: 'rollback', by: 'olaf', reason: 'x' };
    const byHand = stateIn('observing', { requests: [rollback] });
    expect(reduce(byHand, { type: 'moved', to: 'rolledBack' }, LATER).requests).toEqual([]);
    expect(reduce(byHand, { type: 'moved', to: 'rollingBack' }, LATER).requests).toEqual([rollback]);
  });
});
