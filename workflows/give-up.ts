import type { Phase } from './run.ts';

/** Drops what was never published; consumers' view, base table and grants are as they were. The evidence stays. */
export const abort: Phase = async (run) => {
  if (run.state.plan !== null) await removeEverything(run);
  return { type: 'moved', to: 'aborted' };
};

/** After a rollback: the same, by the will of a person. */
export const close: Phase = async (run) => {
  await removeEverything(run);
  return { type: 'moved', to: 'closed' };
};

async function removeEverything(run: Parameters<Phase>[0]): Promise<void> {
  await run.on.steps.cleanUp.executeWithOptions({ summary: 'drop what this run made' }, [
    { ...run.ref, keepSnapshot: false },
  ]);
}
