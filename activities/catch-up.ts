import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { Check } from '../src/domain/verdict.ts';
import type { LedgerBatch } from '../src/ledger/batches.ts';
import { claimBatch } from '../src/ledger/batches.ts';
import { dirtyPartitions, expandMarks } from '../src/ledger/dirty-marks.ts';
import { insertEvidence } from '../src/ledger/evidence.ts';
import type { LedgerPartition } from '../src/ledger/partitions.ts';
import { recordSpending } from '../src/ledger/spending.ts';
import { fingerprint } from '../src/spec/fingerprint.ts';
import { sliceMeasures } from '../src/warehouse/postgres/statements/slice-measures.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import { failure } from './activity-failure.ts';
import type { Attempt } from './attempt.ts';
import { enterBatch, rebuildPartition } from './rebuild-partition.ts';
import { reconcileBatch } from './reconcile-batch.ts';

export interface CaughtUp {
  readonly partitions: number;
  readonly failed: { readonly batch: number; readonly check: Check } | null;
}

/** Partitions taken in one pass; marks that come meanwhile wait for the next. */
const PASS = 50;

/**
 * Rebuilds what live writes touched, from the sources, and reconciles the batches concerned. `amend` records how far
 * each measure moved, for the approval that covers it. One pass: the caller decides whether another is needed.
 */
export async function catchUp(plan: BackfillPlan, attempt: Attempt, slots: number, amend: boolean): Promise<CaughtUp> {
  const { session, fence } = attempt;
  await session.change(expandMarks(plan));
  const dirty = (await session.rows<LedgerPartition>(dirtyPartitions(plan, PASS))).filter(
    (one) => one.state === 'built',
  );
  const batches = new Map<number, LedgerBatch>();
  for (const partition of dirty) {
    if (!batches.has(partition.batch)) batches.set(partition.batch, await claim(attempt, plan, partition.batch));
    await rebuildOne(plan, attempt, partition, slots, amend);
  }
  for (const batch of batches.values()) {
    const { failed } = await reconcileBatch(session, plan, batch, fence);
    if (failed !== null) {
      const left = await session.rows<LedgerPartition>(dirtyPartitions(plan, PASS));
      if (!left.some((partition) => partition.batch === batch.batch))
        return {
          partitions: dirty.length,
          failed: { batch: batch.batch, check: failed },
        };
    }
  }
  return { partitions: dirty.length, failed: null };
}

async function claim({ session, fence }: Attempt, plan: BackfillPlan, number: number): Promise<LedgerBatch> {
  const [batch] = await session.rows<LedgerBatch>(claimBatch(plan.backfillId, number, fence));
  if (batch === undefined)
    throw failure('StaleFence', `batch ${number} of ${plan.backfillId} is held by a newer attempt`);
  return batch;
}

async function rebuildOne(
  plan: BackfillPlan,
  { session, fence }: Attempt,
  partition: LedgerPartition,
  slots: number,
  amend: boolean,
): Promise<void> {
  await withTransaction(session, async () => {
    await enterBatch(session, plan, partition.batch, fence, slots);
    const before = amend
      ? await session.one<{ measures: Record<string, string> }>(sliceMeasures(plan, partition))
      : null;
    const work = await rebuildPartition(session, plan, partition, fence);
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
      const moved = Object.fromEntries(
        Object.keys(after.measures).map((name) => [name, subtract(after.measures[name], before.measures[name])]),
      );
      const body = {
        partition: partition.start,
        batch: partition.batch,
        before: before.measures,
        after: after.measures,
        moved,
        fence,
      };
      await session.change(insertEvidence(plan.backfillId, 'amendment', partition.batch, body, fingerprint(body)));
    }
  });
}

/** Close enough to compare with an envelope in percent; the exact figures stand beside it. */
function subtract(after: string | undefined, before: string | undefined): string {
  return (Number(after ?? 0) - Number(before ?? 0)).toFixed(6);
}
