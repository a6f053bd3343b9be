import type { BackfillState, LedgerCounts } from './backfill-state.ts';
import { startQueue } from './batch-queue.ts';

/** Every batch is looked at again; those that were built from what is in force are found in the ledger and left. */
export function withInputsAccepted(state: BackfillState, counts: LedgerCounts): BackfillState {
  return {
    ...state,
    approval: null,
    queue: startQueue(state.plan?.batches ?? 0),
    progress: { ...state.progress, ...counts },
  };
}
