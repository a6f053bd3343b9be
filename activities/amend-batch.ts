import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { Check } from '../src/domain/verdict.ts';
import { uncheckBatch } from '../src/ledger/batches.ts';
import { insertEvidence } from '../src/ledger/evidence.ts';
import type { LedgerPartition } from '../src/ledger/partitions.ts';
import { recordSpending } from '../src/ledger/spending.ts';
import { fingerprint } from '../src/spec/fingerprint.ts';
import { forgetMovedRows, keepMovedRows, recordLiveSinceMove } from '../src/warehouse/postgres/statements/live-rows.ts';
import { sliceMeasures } from '../src/warehouse/postgres/statements/slice-measures.ts';
import type { MeasuredWork } from '../src/warehouse/postgres/explain.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import type { Attempt } from './attempt.ts';
import { holdBatch } from './hold-batch.ts';
import { watchMovedSources } from './moved-sources.ts';
import { dirtyOfBatch } from './notice-live-writes.ts';
import { recordTotals } from './record-totals.ts';
import { enterBatch, rebuildPartition } from './rebuild-partition.ts';
import { compareBatch, recordComparison } from './reconcile-batch.ts';

/** Ends a transaction without an error to report. */
const UNDONE = new Error('the batch does not pass: what was built of it is not kept');

/** Partitions of a published batch, built and checked in one transaction: readers see rows that pass, or those from before. Null: it passes, or newer live writes came in between and it is taken again. */
export async function amendBatch(
  plan: BackfillPlan,
  attempt: Attempt,
  touched: { readonly batch: number; readonly partitions: readonly LedgerPartition[] },
  options: { readonly slots: number; readonly amend: boolean },
): Promise<Check | null> {
  const { session, fence } = attempt;
  const batch = await holdBatch(attempt, plan, touched.batch);
  const sources = watchMovedSources(session, plan);
  const began = Date.now();
  let bytes = 0;
  let failed: Check | null = null;
  try {
    await withTransaction(session, async () => {
      await enterBatch(session, plan, touched.batch, fence, options.slots);
      let todo = touched.partitions;
      for (;;) {
        for (const partition of todo) bytes += (await rebuildWithin(plan, attempt, partition, options)).bytes;
        const found = await compareBatch(session, plan, batch, fence);
        if (found.failed === null) {
          await recordComparison(session, plan, batch, fence, found);
          await recordTotals(session, plan);
          return;
        }
        bytes += found.bytes;
        todo = await sources.of(batch, found.figures);
        if (todo.length > 0) continue;
        const newer = await dirtyOfBatch(plan, session, touched.batch);
        failed = newer.length > 0 ? null : found.failed;
        throw UNDONE;
      }
    });
  } catch (error) {
    if (error !== UNDONE) throw error;
    const what = `catch up batch ${touched.batch}, not kept`;
    const spent = { what, bytes, cachedBytes: 0, durationMs: Date.now() - began };
    await session.change(recordSpending(plan.backfillId, spent));
  }
  return failed;
}

/** In a transaction of the caller's, which has entered the batch. */
export async function rebuildWithin(
  plan: BackfillPlan,
  { session, fence }: Attempt,
  partition: LedgerPartition,
  { amend }: { readonly amend: boolean },
): Promise<MeasuredWork> {
  const before = amend ? await session.one<{ measures: Record<string, string> }>(sliceMeasures(plan, partition)) : null;
  if (partition.moved) await session.change(keepMovedRows(plan, partition));
  const work = await rebuildPartition(session, plan, partition, fence);
  if (partition.moved) {
    await session.change(recordLiveSinceMove(plan, partition));
    await session.change(forgetMovedRows());
  }
  // In the same transaction: whatever dies before the check, the batch is known to need one.
  await session.change(uncheckBatch(plan.backfillId, partition.batch));
  await session.change(
    recordSpending(plan.backfillId, {
      what: `catch up ${partition.start}`,
      bytes: work.bytes,
      cachedBytes: work.cachedBytes,
      durationMs: work.durationMs,
    }),
  );
  if (before !== null) {
    const after = await session.one<{ measures: Record<string, string> }>(sliceMeasures(plan, partition));
    const body = {
      partition: partition.start,
      batch: partition.batch,
      before: before.measures,
      after: after.measures,
      fence,
    };
    await session.change(insertEvidence(plan.backfillId, 'amendment', partition.batch, body, fingerprint(body)));
  }
  return work;
}
