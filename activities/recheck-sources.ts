import { CancelledFailure } from '@temporalio/activity';
import { batchesToLookAt, sourcesSeen } from '../src/ledger/batches.ts';
import { markPartition } from '../src/ledger/dirty-marks.ts';
import { partitionsOfBatch } from '../src/ledger/partitions.ts';
import type { LedgerPartition } from '../src/ledger/partitions.ts';
import { recordSpending } from '../src/ledger/spending.ts';
import type { GateStop } from '../src/protocol/activities.ts';
import { movedSourceTotals } from '../src/warehouse/postgres/statements/source-total-difference.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import type { Surroundings } from './build-batch.ts';
import { whyStop } from './gate.ts';
import { holdBatch } from './hold-batch.ts';
import { enterBatch } from './rebuild-partition.ts';
import { reread } from './reconcile-batch.ts';

/**
 * Sources may change without a write to the base, and so without a mark. Before readers are switched, the independent
 * totals of every batch are compared with those of its last check; a partition that moved is marked, and so built and
 * checked again like one that a live write touched. Batch by batch, gate before each; one that was looked at is not again.
 */
export async function recheckSources(at: Surroundings): Promise<GateStop | null> {
  const { plan, attempt, gate, working } = at;
  const totals = Object.entries(plan.sourceTotals);
  if (totals.length === 0) return null;
  for (const { batch } of await attempt.session.rows<{ batch: number }>(batchesToLookAt(plan.backfillId))) {
    const stop = await whyStop(gate, working);
    if (stop?.kind === 'asked') throw new CancelledFailure('stopped before the sources of every batch were looked at');
    if (stop !== null) return stop;
    working.at({ doing: 'have sources moved', batch });
    await recheckBatch(at, batch);
  }
  return null;
}

async function recheckBatch({ plan, attempt, slots }: Surroundings, number: number): Promise<void> {
  const { session, fence } = attempt;
  const batch = await holdBatch(attempt, plan, number);
  const began = Date.now();
  await withTransaction(session, async () => {
    await enterBatch(session, plan, number, fence, slots);
    const moved = new Set<string>();
    for (const [name, total] of Object.entries(plan.sourceTotals))
      for (const { start } of await session.rows<{ start: string }>(movedSourceTotals(plan, name, total, batch)))
        moved.add(start);
    for (const start of moved) await session.change(markPartition(plan.backfillId, start));
    await session.change(sourcesSeen(plan.backfillId, number));
    const partitions = await session.rows<LedgerPartition>(partitionsOfBatch(plan.backfillId, number));
    await session.change(
      recordSpending(plan.backfillId, {
        what: `look at sources of batch ${number}`,
        bytes: reread(plan, partitions),
        cachedBytes: 0,
        durationMs: Date.now() - began,
      }),
    );
  });
}
