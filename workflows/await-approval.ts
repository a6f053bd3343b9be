import { stillToApprove } from '../src/domain/required-approvals.ts';
import { holdDiverging } from './hold-diverging.ts';
import { recount } from './recount.ts';
import { holdBatch } from './reconcile.ts';
import type { Phase, Run } from './run.ts';

/** A durable wait. Live writes keep being rebuilt; while they stay small the evidence stays good. */
export const awaitApproval: Phase = async (run) => {
  for (;;) {
    if (run.take('abort')) return { type: 'moved', to: 'aborting' };
    const rejection = await rejected(run);
    if (rejection !== null) {
      const reason = `${rejection.by} rejected the evidence: ${rejection.reason}`;
      return { type: 'held', from: 'reconciling', hold: { reason, check: null, batch: null } };
    }
    if (await approved(run)) return { type: 'moved', to: 'publishing' };
    if (run.isLong()) return { type: 'continueAsNew' };
    const outcome = await run.watching(() =>
      run.on.warehouse.watchLiveWrites.executeWithOptions(
        { summary: 'rebuild what live writes touch while approval is awaited' },
        [{ ...run.ref, published: false, limits: run.state.limits, gate: { signalled: run.signalled() } }],
      ),
    );
    if (outcome === 'interrupted') continue;
    if (outcome.kind === 'approvalVoid') return { type: 'moved', to: 'reconciling', because: outcome.reason };
    if (outcome.kind === 'failed') return holdBatch(run, outcome.batch, outcome.check);
    if (outcome.kind === 'diverges') return holdDiverging(run, outcome);
    if (outcome.kind === 'rebuilt') recount(run, outcome.counts, outcome.liveWrites);
  }
};

/** Null where nobody rejects, or the ledger does not take it: a hold is never put into the mouth of somebody who may not. */
async function rejected(run: Run): Promise<{ readonly by: string; readonly reason: string } | null> {
  const request = run.first('reject');
  if (request === undefined) return null;
  const { by, reason } = request;
  const digest = run.state.evidence?.digest ?? '';
  const recorded = await run.on.light.recordDecision({ ...run.ref, decision: { kind: 'reject', by, reason, digest } });
  run.done(request);
  if (recorded.kind === 'recorded') return request;
  run.refuse('reject', recorded.reason);
  return null;
}

/** Whether with this one every approval is there that publication needs. */
async function approved(run: Run): Promise<boolean> {
  const request = run.first('approve');
  if (request === undefined) return false;
  const recorded = await run.on.light.recordDecision({
    ...run.ref,
    decision: { kind: 'approve', approval: request.approval },
  });
  run.done(request);
  if (recorded.kind === 'refused') {
    run.refuse('approve', recorded.reason);
    return false;
  }
  run.apply({ type: 'approved', approval: request.approval });
  return stillToApprove(run.state).length === 0;
}
