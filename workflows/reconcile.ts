import { describeCheck } from '../src/domain/verdict.ts';
import type { Check } from '../src/domain/verdict.ts';
import { holdDiverging } from './hold-diverging.ts';
import { recount } from './recount.ts';
import type { Phase, PhaseEnd, Run } from './run.ts';

/** Evidence of the whole run, its digest and its report. */
export const reconcile: Phase = async (run) => {
  for (;;) {
    if (!(await run.untilFree())) return { type: 'continueAsNew' };
    if (run.take('abort')) return { type: 'moved', to: 'aborting' };
    if (run.isLong()) return { type: 'continueAsNew' };
    const outcome = await run.stoppable(() =>
      run.on.warehouse.concludeEvidence.executeWithOptions(
        { summary: 'catch up with live writes, then the evidence of the whole run' },
        [{ ...run.ref, limits: run.state.limits }],
      ),
    );
    if (outcome === 'interrupted') continue;
    if (outcome.kind === 'batchFailed') return holdBatch(run, outcome.batch, outcome.check);
    if (outcome.kind === 'diverges') return holdDiverging(run, outcome);
    recount(run, outcome.counts, outcome.liveWrites);
    run.apply({ type: 'concluded', evidence: outcome.evidence });
    if (outcome.failed !== null)
      return {
        type: 'held',
        hold: { reason: `the run fails ${describeCheck(outcome.failed)}`, check: outcome.failed, batch: null },
      };
    return { type: 'moved', to: 'awaitingApproval' };
  }
};

/** A batch that fails outside building goes back to the queue: a retry builds and checks it there. */
export function holdBatch(run: Run, batch: number, check: Check): PhaseEnd {
  run.apply({ type: 'worked', work: { counts: null, batches: 0, busyMs: 0, rest: { from: batch, to: batch } } });
  return {
    type: 'held',
    from: 'building',
    hold: { reason: `batch ${batch} fails ${describeCheck(check)} after a live write`, check, batch },
  };
}
