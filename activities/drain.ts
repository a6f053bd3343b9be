import { CancelledFailure } from '@temporalio/activity';
import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { LiveWrites } from '../src/domain/live-writes.ts';
import { describeDivergence, describeLiveWrites } from '../src/domain/live-writes.ts';
import { measureLiveWrites } from '../src/ledger/measure-live-writes.ts';
import type { BatchFailed, Diverges } from '../src/protocol/activities.ts';
import type { Attempt } from './attempt.ts';
import type { CatchUpOptions } from './catch-up.ts';
import { catchUp } from './catch-up.ts';
import type { Working } from './working.ts';

/** Behind the rule by measured figures, which answers sooner: whatever they say, there is an end to it. */
const PASSES_BESIDE_PARTITIONS = 1_000;

/** Pass after pass until no live write is open; or why a batch fails, or why there is no end to it. */
export async function drain(
  plan: BackfillPlan,
  attempt: Attempt,
  working: Working,
  options: CatchUpOptions,
): Promise<{ readonly kind: 'drained'; readonly seen: LiveWrites } | BatchFailed | Diverges> {
  for (let pass = 1; ; pass += 1) {
    if (working.asked()) throw new CancelledFailure('stopped before every live write was followed');
    working.at({ doing: 'catch up with live writes', pass });
    const { failed } = await catchUp(plan, attempt, working, { ...options, compare: 'all' });
    if (failed !== null) return { kind: 'batchFailed', ...failed };
    const seen = await measureLiveWrites(attempt.session, plan);
    if (seen.openMarks === 0) return { kind: 'drained', seen };
    const diverges = divergence(plan, seen);
    if (diverges !== null) return diverges;
    if (pass > plan.partitions + PASSES_BESIDE_PARTITIONS)
      return { kind: 'diverges', reason: endless(pass, seen), liveWrites: seen };
  }
}

function endless(passes: number, seen: LiveWrites): string {
  return `live writes were followed in ${passes} passes and are still open: ${describeLiveWrites(seen)}. Retry when the pipeline writes less into the interval`;
}

/** Null while rebuilds outrun the live pipeline, and while it is too early to tell. */
export function divergence(plan: BackfillPlan, seen: LiveWrites): Diverges | null {
  if (seen.openMarks === 0 || seen.converges !== false) return null;
  return { kind: 'diverges', reason: describeDivergence(plan.dataset, seen), liveWrites: seen };
}
