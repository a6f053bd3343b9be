import type { BackfillInput } from '../src/protocol/launch.ts';
import type { Phase } from './run.ts';
import { activityReason } from './run.ts';

/** Nothing is written unless the plan stands; a refused plan ends the run. */
export function planWith(launch: BackfillInput | undefined): Phase {
  return async (run) => {
    if (run.take('abort')) return { type: 'moved', to: 'aborting' };
    const outcome = await run.on.warehouse.planBackfill
      .executeWithOptions({ summary: 'read the documents, look at the catalogue, run samples, freeze the plan' }, [
        { launch: launch ?? null, workflowId: run.state.workflowId },
      ])
      .catch((error: unknown) => ({ kind: 'refused' as const, reasons: [activityReason(error)] }));
    if (outcome.kind === 'refused') return { type: 'moved', to: 'failed', because: outcome.reasons.join('\n') };
    run.apply({ ...outcome, type: 'planned' });
    if (outcome.published !== null) {
      const { releaseId, publishedAt, deadline, rollbackStatement } = outcome.published;
      run.apply({
        type: 'published',
        release: { releaseId, publishedAt, state: 'published' },
        deadline,
        statement: rollbackStatement,
      });
      return { type: 'moved', to: 'observing' };
    }
    return run.take('abort') ? { type: 'moved', to: 'aborting' } : { type: 'moved', to: 'proving' };
  };
}
