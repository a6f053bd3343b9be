import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { Check } from '../src/domain/verdict.ts';
import { uncheckBatch, uncheckedBatches } from '../src/ledger/batches.ts';
import { dirtyPartitions, dirtyPartitionsOfBatch, expandMarks } from '../src/ledger/dirty-marks.ts';
import { insertEvent } from '../src/ledger/events.ts';
import { insertEvidence } from '../src/ledger/evidence.ts';
import type { LedgerPartition } from '../src/ledger/partitions.ts';
import { recordSpending } from '../src/ledger/spending.ts';
import { fingerprint } from '../src/spec/fingerprint.ts';
import { keepMovedRows, recordLiveSinceMove } from '../src/warehouse/postgres/statements/live-rows.ts';
import { sliceMeasures } from '../src/warehouse/postgres/statements/slice-measures.ts';
import { attachCapture, captureIsBroken } from '../src/warehouse/postgres/statements/elevated.ts';
import { retryLock } from '../src/warehouse/retry-lock.ts';
import type { Session } from '../src/warehouse/session.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import type { Attempt } from './attempt.ts';
import { holdBatch } from './hold-batch.ts';
import { enterBatch, rebuildPartition } from './rebuild-partition.ts';
import { watchMovedSources } from './moved-sources.ts';
import { reconcileBatch } from './reconcile-batch.ts';
import type { Working } from './working.ts';

export interface CaughtUp {
  readonly partitions: number;
  readonly failed: { readonly batch: number; readonly check: Check } | null;
}

/** Partitions taken in one pass; marks that come meanwhile wait for the next. */
const PASS = 50;

/**
 * Rebuilds what live writes touched, from the sources, and reconciles every batch that is built and not passed: also
 * one that failed before, because its sources may be corrected by now. `amend` records each
 * measure before and after, for the approval that covers it. One pass: the caller decides whether another is needed.
 */
export async function catchUp(
  plan: BackfillPlan,
  attempt: Attempt,
  working: Working,
  options: { readonly slots: number; readonly amend: boolean },
): Promise<CaughtUp> {
  const { session } = attempt;
  await mendCapture(plan, session);
  await session.change(expandMarks(plan));
  const dirty = (await session.rows<LedgerPartition>(dirtyPartitions(plan, PASS))).filter(
    (one) => one.state === 'built',
  );
  let rebuilt = 0;
  for (const partition of dirty) {
    // What is left keeps its marks: the next pass takes them.
    if (working.asked()) break;
    await holdBatch(attempt, plan, partition.batch);
    await rebuildOne(plan, attempt, partition, options);
    rebuilt += 1;
  }
  for (const { batch } of await session.rows<{ batch: number }>(uncheckedBatches(plan.backfillId))) {
    const failed = await check(plan, attempt, batch, options);
    if (failed === null) continue;
    const left = await session.rows<{ ordinal: number }>(dirtyPartitionsOfBatch(plan, batch));
    if (left.length === 0) return { partitions: rebuilt, failed: { batch, check: failed } };
  }
  return { partitions: rebuilt, failed: null };
}

/** A leaf that came or went, a trigger that slept, a mark that was missed: what was written meanwhile is known by building everything again. */
async function mendCapture(plan: BackfillPlan, session: Session): Promise<void> {
  const { broken } = await session.one<{ broken: boolean }>(captureIsBroken(plan));
  if (!broken) return;
  await retryLock(() => session.rows(attachCapture(plan)));
  await session.change(insertEvent(plan.backfillId, 'capture mended', 'worker', { table: plan.dataset }));
}

/** Null: it passes, also after partitions whose sources moved without a mark were built again. */
async function check(
  plan: BackfillPlan,
  attempt: Attempt,
  number: number,
  options: Parameters<typeof catchUp>[3],
): Promise<Check | null> {
  const { session, fence } = attempt;
  const sources = watchMovedSources(session, plan);
  const batch = await holdBatch(attempt, plan, number);
  for (;;) {
    const { failed, figures } = await reconcileBatch(session, plan, batch, fence);
    if (failed === null) return null;
    const moved = await sources.of(batch, figures);
    if (moved.length === 0) return failed;
    for (const partition of moved) await rebuildOne(plan, attempt, partition, options);
  }
}

async function rebuildOne(
  plan: BackfillPlan,
  { session, fence }: Attempt,
  partition: LedgerPartition,
  { slots, amend }: { readonly slots: number; readonly amend: boolean },
): Promise<void> {
  await withTransaction(session, async () => {
    await enterBatch(session, plan, partition.batch, fence, slots);
    const before = amend
      ? await session.one<{ measures: Record<string, string> }>(sliceMeasures(plan, partition))
      : null;
    if (partition.moved) await session.change(keepMovedRows(plan, partition));
    const work = await rebuildPartition(session, plan, partition, fence);
    if (partition.moved) await session.change(recordLiveSinceMove(plan, partition));
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
  });
}
