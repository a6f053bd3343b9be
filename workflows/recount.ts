import type { LedgerCounts } from '../src/domain/backfill-state.ts';
import type { LiveWrites } from '../src/domain/live-writes.ts';
import type { Run } from './run.ts';

/** Takes over how far the ledger says the run is, and how far behind the live pipeline. */
export function recount(run: Run, counts: LedgerCounts, liveWrites?: LiveWrites): void {
  run.apply({ type: 'worked', work: { counts, batches: 0, busyMs: 0, rest: null } });
  if (liveWrites !== undefined) run.apply({ type: 'liveWritesSeen', liveWrites });
}
