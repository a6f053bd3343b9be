import { describeCheck } from '../src/domain/verdict.ts';
import type { GateStop, PublishOutcome } from '../src/protocol/activities.ts';
import { holdDiverging } from './hold-diverging.ts';
import { holdBatch } from './reconcile.ts';
import type { Phase, PhaseEnd, Run } from './run.ts';
import { throughGate } from './through-gate.ts';
import { undone } from './undone.ts';

/**
 * Sources looked at again, grants, armed view, catch-up and the switch: from the next statement on consumers read the
 * corrected history. The look asks the gate as building does; what was looked at is not looked at again.
 */
export const publish: Phase = async (run) => {
  for (;;) {
    if (run.isLong()) return { type: 'continueAsNew' };
    const unmeasured = run.asked('abort') ? null : await measureBaselines(run);
    if (unmeasured === 'interrupted') continue;
    if (unmeasured !== null) return unmeasured;
    // Whoever gives up may come too late: the ledger says whether readers were switched already.
    const outcome = run.asked('abort') ? await look(run) : await run.unlessStopped(() => switchReaders(run));
    if (outcome === 'interrupted') continue;
    if (outcome.kind === 'gate') await throughGate(run, outcome);
    else if (outcome.kind !== 'notPublished') return conclude(run, outcome);
    else if (run.take('abort')) return { type: 'moved', to: 'aborting' };
  }
};

function switchReaders(run: Run): Promise<PublishOutcome> {
  return run.on.warehouse.publishRelease.executeWithOptions(
    { summary: 'look at the sources, arm the view, catch up, switch' },
    [{ ...run.ref, windowMs: run.state.plan?.rollbackWindowMs ?? 0, limits: run.state.limits }],
  );
}

/** Null: what monitors compare with is known, or let pass. */
async function measureBaselines(run: Run): Promise<PhaseEnd | 'interrupted' | null> {
  if (run.state.plan?.baselines !== true) return null;
  const without = run.state.waivers.map(({ check }) => check);
  const measured = await run.unlessStopped(() =>
    run.on.warehouse.measureBaselines.executeWithOptions({ summary: 'measure what consumers see before the switch' }, [
      { ...run.ref, without },
    ]),
  );
  if (measured === 'interrupted' || measured.failed === null) return measured === 'interrupted' ? measured : null;
  const reason = `before the switch ${describeCheck(measured.failed)}`;
  return { type: 'held', hold: { reason, check: measured.failed, batch: null } };
}

function look(run: Run): Promise<PublishOutcome> {
  return run.on.warehouse.publishRelease.executeWithOptions({ summary: 'were readers switched already?' }, [
    { ...run.ref, windowMs: 0, limits: run.state.limits, lookOnly: true },
  ]);
}

function conclude(run: Run, outcome: Exclude<PublishOutcome, GateStop | { kind: 'notPublished' }>): PhaseEnd {
  if (outcome.kind === 'approvalVoid') {
    run.apply({ type: 'approvalVoid' });
    return { type: 'moved', to: 'reconciling', because: outcome.reason };
  }
  if (outcome.kind === 'diverges') return holdDiverging(run, outcome);
  if (outcome.kind === 'batchFailed') return holdBatch(run, outcome.batch, outcome.check);
  const { releaseId, publishedAt, deadline, rollbackStatement, downstream = [] } = outcome.release;
  run.apply({
    type: 'published',
    release: { releaseId, publishedAt, state: 'published', ...(downstream.length === 0 ? {} : { downstream }) },
    deadline,
    statement: rollbackStatement,
  });
  return outcome.kind === 'published' ? { type: 'moved', to: 'observing' } : undone(run, outcome, 0);
}
