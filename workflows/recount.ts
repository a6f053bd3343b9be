import type { LedgerCounts } from '../src/domain/backfill-state.ts';
import type { Run } from './run.ts';

/** Takes over how far the ledger says the run is. */
export function recount(run: Run, counts: LedgerCounts): void {
  run.apply({ type: 'worked', work: { counts, batches: 0, busyMs: 0, rest: null } });
}
