import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Script } from './script.ts';
import { SMALL_PLAN, countsOf, untilCancelled } from './script.ts';
import type { Stage } from './stage.ts';
import { createStage, recorded } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.end());

const REASON = 'column currency (text, may be null, no default) was added to finance.daily_revenue. Review it';
const HASH = 'beadfacade12beadfacade12beadfacade12';
const drifted = (): never => {
  throw ApplicationFailure.nonRetryable(REASON, 'SchemaDrift');
};

/** The base got a column; with the right hash it is carried, and gone is the drift. */
function withColumn(over: { readonly rebuild?: boolean } = {}) {
  let carried = false;
  const replan: Script['replan'] = async ({ backfillId, planHash }) => {
    if (planHash === null)
      return { kind: 'proposed', planHash: HASH, lines: ['column currency: every row holds NULL'] };
    if (!HASH.startsWith(planHash)) return { kind: 'refused', reason: `the plan would be ${HASH.slice(0, 12)} by now` };
    carried = true;
    const plan = { ...SMALL_PLAN, backfillId, planHash: HASH };
    return { kind: 'replanned', plan, counts: countsOf(over.rebuild === true ? 0 : 6), rebuild: over.rebuild ?? false };
  };
  return { replan, isCarried: () => carried };
}

describe('a column that is added while approval is awaited', () => {
  it('holds the run; it shows what carrying it means, carries what was reviewed, and asks for approval of fresh evidence', async () => {
    const { replan, isCarried } = withColumn();
    const play = await stage.start(() => ({
      replan,
      watchLiveWrites: () => (isCarried() ? untilCancelled() : drifted()),
    }));
    const held = await play.reach('held');
    expect(held.hold).toMatchObject({ from: 'awaitingApproval', drifted: true, reason: `watchLiveWrites: ${REASON}` });
    expect(held.waitingOn?.reason).toBe(`held: watchLiveWrites: ${REASON}`);

    expect(await play.update('replan', { by: 'olaf' })).toBe('replan is heard');
    const shown = await play.until('the proposal', ({ proposal }) => proposal !== null);
    expect(shown).toMatchObject({
      status: 'held',
      proposal: { planHash: HASH, lines: ['column currency: every row holds NULL'] },
    });

    await play.update('replan', { by: 'olaf', planHash: 'c0ffeec0ffee' });
    const refused = await play.until('the refusal', ({ refusals }) => refusals.length > 0);
    expect(refused.refusals.at(-1)).toMatchObject({
      message: 'replan',
      reason: 'the plan would be beadfacade12 by now',
    });

    await play.signal('replan', { by: 'olaf', planHash: HASH.slice(0, 12) });
    await play.called('concludeEvidence', 2);
    const waiting = await play.reach('awaitingApproval');
    expect(waiting).toMatchObject({ planHash: HASH, approval: null, proposal: null, hold: null });
    expect(play.count('rebuildClaim')).toBe(4);
    expect(await play.update('replan', { by: 'olaf', planHash: HASH })).toBe('nothing to do: this plan is in force');
    expect(recorded(play).filter(({ message }) => message === 'replan')).toHaveLength(4);
  });

  it('with another logic has everything proved and built again', async () => {
    const { replan, isCarried } = withColumn({ rebuild: true });
    const play = await stage.start(() => ({
      replan,
      watchLiveWrites: () => (isCarried() ? untilCancelled() : drifted()),
    }));
    await play.reach('held');
    await play.signal('replan', { by: 'olaf', planHash: HASH });
    await play.called('concludeEvidence', 2);
    expect([play.count('proveIdempotency'), play.count('rebuildClaim')]).toEqual([2, 7]);
    await play.reach('awaitingApproval');
  });

  it('stays held with the reason where the warehouse will not have it', async () => {
    const play = await stage.start(() => ({
      watchLiveWrites: drifted,
      replan: () => {
        throw ApplicationFailure.nonRetryable('permission denied [42501]', 'MissingPrivilege');
      },
    }));
    await play.reach('held');
    await play.signal('replan', { by: 'olaf', planHash: HASH });
    const refused = await play.until('the refusal', ({ refusals }) => refusals.length > 0);
    expect(refused).toMatchObject({ status: 'held', refusals: [{ reason: 'replan: permission denied [42501]' }] });
    await play.signal('abort', { by: 'olaf', reason: 'no way' });
    expect(await play.handle.result()).toMatchObject({ status: 'aborted' });
  });
});

describe('a column that is added after publication', () => {
  it('is shown and holds nothing; an approver other than the requester carries it, and a rollback goes before', async () => {
    const { replan, isCarried } = withColumn();
    const play = await stage.start(() => ({
      replan,
      watchLiveWrites: async ({ published, drift }) => {
        if (!published || isCarried() || drift !== undefined) return untilCancelled();
        return Promise.resolve({ kind: 'drifted', reason: REASON });
      },
    }));
    const { evidenceDigest } = await play.reach('awaitingApproval');
    await play.update('approve', { by: 'finance-controller', digest: evidenceDigest });
    const seen = await play.until('the drift', ({ drift }) => drift !== null);
    expect(seen).toMatchObject({ status: 'observing', drift: REASON, hold: null });
    for (const by of ['dora', 'olaf'])
      expect(await play.update('replan', { by, planHash: HASH })).toContain('it takes an approver of this dataset');
    await play.update('replan', { by: 'finance-director', planHash: HASH });
    const carried = await play.until('the new plan', ({ planHash }) => planHash === HASH);
    expect(carried).toMatchObject({ status: 'observing', drift: null, approval: { by: 'finance-controller' } });
    await play.signal('rollback', { by: 'olaf', reason: 'x' });
    await play.reach('rolledBack');
    expect(await play.update('replan', { by: 'olaf' })).toContain('replan: not possible in status rolledBack');
  });
});
