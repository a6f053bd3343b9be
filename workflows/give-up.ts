import { activityReason } from './run.ts';
import type { Phase, Run } from './run.ts';

/** Drops what was never published; consumers' view, base table and grants are as they were. The evidence stays. */
export const abort: Phase = async (run) => {
  if (run.state.plan === null) await forgetPlan(run);
  else await removeEverything(run);
  return { type: 'moved', to: 'aborted' };
};

/** After a rollback: the same, by the will of a person. */
export const close: Phase = async (run) => {
  const kept = await removeEverything(run);
  return { type: 'moved', to: 'closed', ...(kept === undefined ? {} : { because: kept }) };
};

/** What of it is kept, and why. */
async function removeEverything(run: Run): Promise<string | undefined> {
  const { kept } = await run.on.steps.cleanUp.executeWithOptions({ summary: 'drop what this run made' }, [
    { ...run.ref, keepSnapshot: false },
  ]);
  return kept;
}

/**
 * A worker that died while planning may have frozen a plan and not said so. Whoever gives up because the warehouse is away
 * need not wait for it.
 */
async function forgetPlan(run: Run): Promise<void> {
  try {
    await run.on.steps.cleanUp.executeWithOptions(
      { summary: 'end the run if the ledger holds one', scheduleToCloseTimeout: '30s' },
      [{ ...run.ref, keepSnapshot: false, unplanned: true }],
    );
  } catch (error) {
    const reason = `${activityReason(error)}; if the ledger holds a run of this id, backfill doctor shows it`;
    run.apply({ type: 'refused', message: 'abort', reason });
  }
}
