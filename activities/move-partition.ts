import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { expectBase, expectedBase } from '../src/ledger/base-comparisons.ts';
import { forgetOwnMarks, markPartition } from '../src/ledger/dirty-marks.ts';
import type { LedgerPartition } from '../src/ledger/partitions.ts';
import { markMoved } from '../src/ledger/partitions.ts';
import { baseFingerprint } from '../src/warehouse/postgres/statements/base-fingerprint.ts';
import { consolidatePartition } from '../src/warehouse/postgres/statements/elevated.ts';
import { recordLiveSinceSnapshot } from '../src/warehouse/postgres/statements/live-rows.ts';
import type { Session } from '../src/warehouse/session.ts';
import { withOneSnapshot, withTransaction } from '../src/warehouse/session.ts';
import { failure } from './activity-failure.ts';

/** A partition that was written since it was built is followed first. */
export const WRITTEN = 'written since it was built';
/** How many rows are left to the live pipeline, or that none was moved. */
export type Left = number | typeof WRITTEN;

/**
 * Without capture no trigger tells a write from before the transaction from one after it: one snapshot does, and what that one
 * shows is moved.
 */
export function inMovingTransaction<T>(session: Session, captured: boolean, work: () => Promise<T>): Promise<T> {
  return captured ? withTransaction(session, work) : withOneSnapshot(session, work);
}

/** Corrected rows of one partition into the base, in a transaction of `inMovingTransaction`. */
export async function movePartition(
  plan: BackfillPlan,
  session: Session,
  partition: LedgerPartition,
  captured: boolean,
): Promise<Left> {
  if (captured) return moveRowsOf(plan, session, partition);
  const { fingerprint: expected } = await session.one<Base>(expectedBase(plan.backfillId, partition.ordinal));
  const { fingerprint: found } = await session.one<Base>(baseFingerprint(plan, partition));
  if (found !== expected) {
    await session.change(markPartition(plan.backfillId, partition.start));
    return WRITTEN;
  }
  const left = await moveRowsOf(plan, session, partition);
  const { fingerprint } = await session.one<Base>(baseFingerprint(plan, partition));
  await session.change(expectBase(plan.backfillId, partition.ordinal, fingerprint));
  return left;
}

interface Base {
  readonly fingerprint: string;
}

async function moveRowsOf(plan: BackfillPlan, session: Session, partition: LedgerPartition): Promise<number> {
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

export function neverEqual(plan: BackfillPlan, { start }: LedgerPartition, left: Left): Error {
  const which = `partition ${start} of ${plan.dataset}`;
  return failure(
    'StatementRefused',
    left === WRITTEN
      ? `${which} was written again each time it had been rebuilt, ${MOVE_TRIES} times; retry when the pipeline writes less into it`
      : `${which}: ${left} rows written by the live pipeline differ from what the corrected logic makes of the sources; correct the pipeline or the sources, then retry`,
  );
}
