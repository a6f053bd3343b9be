import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { forgetOwnMarks, markPartition } from '../src/ledger/dirty-marks.ts';
import type { LedgerPartition } from '../src/ledger/partitions.ts';
import { markMoved } from '../src/ledger/partitions.ts';
import { consolidatePartition } from '../src/warehouse/postgres/statements/elevated.ts';
import { recordLiveSinceSnapshot } from '../src/warehouse/postgres/statements/live-rows.ts';
import type { Session } from '../src/warehouse/session.ts';
import { failure } from './activity-failure.ts';

/** Corrected rows of one partition into the base, in a transaction of the caller's. Answers how many were left to the live pipeline. */
export async function movePartition(plan: BackfillPlan, session: Session, partition: LedgerPartition): Promise<number> {
  // Moved rows differ from the snapshot too: which ones the pipeline wrote can be told now only.
  if (!partition.moved) await session.change(recordLiveSinceSnapshot(plan, partition));
  const { done } = await session.one<{ done: { left: number } }>(consolidatePartition(plan, partition.ordinal));
  await session.change(forgetOwnMarks(plan.backfillId));
  await session.change(markMoved(plan.backfillId, partition.ordinal, done.left === 0));
  if (done.left > 0) await session.change(markPartition(plan.backfillId, partition.start));
  return done.left;
}

/** A partition that the live pipeline keeps different from its own sources is a person's decision. */
export const MOVE_TRIES = 3;

export function neverEqual(plan: BackfillPlan, partition: LedgerPartition, left: number): Error {
  return failure(
    'StatementRefused',
    `partition ${partition.start} of ${plan.dataset}: ${left} rows written by the live pipeline differ from what the corrected logic makes of the sources; correct the pipeline or the sources, then retry`,
  );
}
