import { holdBatch } from './reconcile.ts';
import type { Phase } from './run.ts';

/** Grants, armed view, catch-up and the switch: from the next statement on consumers read the corrected history. */
export const publish: Phase = async (run) => {
  if (run.take('abort')) return { type: 'moved', to: 'aborting' };
  const outcome = await run.on.warehouse.publishRelease.executeWithOptions(
    { summary: 'arm the view, catch up, switch' },
    [{ ...run.ref, windowMs: run.state.plan?.rollbackWindowMs ?? 0 }],
  );
  if (outcome.kind === 'approvalVoid') {
    run.apply({ type: 'approvalVoid' });
    return { type: 'moved', to: 'reconciling', because: outcome.reason };
  }
  if (outcome.kind === 'batchFailed') return holdBatch(run, outcome.batch, outcome.check);
  const { releaseId, publishedAt, deadline, rollbackStatement } = outcome.release;
  run.apply({
    type: 'published',
    release: { releaseId, publishedAt, state: 'published' },
    deadline,
    statement: rollbackStatement,
  });
  if (outcome.kind === 'rolledBackByHand') {
    run.apply({ type: 'rolledBack', at: outcome.at });
    return {
      type: 'moved',
      to: 'rolledBack',
      because: `the ledger shows a rollback by ${outcome.by} at ${outcome.at}`,
    };
  }
  return { type: 'moved', to: 'observing' };
};
