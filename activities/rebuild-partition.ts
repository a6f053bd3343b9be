import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { lockPartition, takeSlot } from '../src/ledger/attempts.ts';
import { lockClaim } from '../src/ledger/batches.ts';
import { consumeMarks } from '../src/ledger/dirty-marks.ts';
import type { LedgerPartition } from '../src/ledger/partitions.ts';
import { checkpoint } from '../src/ledger/partitions.ts';
import { measuredWork, readExplain } from '../src/warehouse/postgres/explain.ts';
import type { MeasuredWork } from '../src/warehouse/postgres/explain.ts';
import { deleteSlice } from '../src/warehouse/postgres/statements/delete-slice.ts';
import { insertSlice } from '../src/warehouse/postgres/statements/insert-slice.ts';
import type { Session } from '../src/warehouse/session.ts';
import { failure } from './activity-failure.ts';
import { partitionTimedOut } from './query-timeout.ts';

/** All slots taken by others: look again this often. */
const SLOT_POLL_MS = 50;
const SLOT_WAIT_MS = 30_000;

/** Takes a place in the warehouse and proves that this attempt still holds the batch; both last to the end of the transaction. */
export async function enterBatch(
  session: Session,
  plan: BackfillPlan,
  batch: number,
  fence: number,
  slots: number,
): Promise<void> {
  const deadline = Date.now() + SLOT_WAIT_MS;
  while ((await session.rows(takeSlot(plan.backfillId, slots))).length === 0) {
    if (Date.now() > deadline)
      throw failure(
        'LockNotAvailable',
        `all ${slots} slots of ${plan.backfillId} are taken by other statements; it is tried again`,
      );
    await delay(SLOT_POLL_MS);
  }
  const claim = await session.one<{ fence: number }>(lockClaim(plan.backfillId, batch, fence));
  if (claim.fence !== fence)
    throw failure('StaleFence', `batch ${batch} was taken over by attempt ${claim.fence}; this is attempt ${fence}`);
}

/**
 * One partition, replaced as a whole inside the caller's transaction: marks consumed, slice deleted, slice inserted from
 * the sources, checkpoint. The order matters: the insert is a later statement than the marks it answers for.
 */
export function rebuildPartition(
  session: Session,
  plan: BackfillPlan,
  partition: LedgerPartition,
  fence: number,
): Promise<MeasuredWork> {
  return naming(plan, partition, replaceSlice(session, plan, partition, fence));
}

async function replaceSlice(
  session: Session,
  plan: BackfillPlan,
  partition: LedgerPartition,
  fence: number,
): Promise<MeasuredWork> {
  await session.one(lockPartition(plan.backfillId, partition.ordinal));
  await session.change(consumeMarks(plan, partition));
  await session.change(deleteSlice(plan, partition));
  const work = measuredWork(readExplain(await session.one(insertSlice(plan, partition))));
  const era = plan.eras[partition.era - 1];
  const [checkpointed] = await session.rows<{ rows: number }>(
    checkpoint(plan, partition, {
      fence,
      bytes: work.bytes,
      durationMs: Math.round(work.durationMs),
      transformSha256: era?.sha256 ?? '',
    }),
  );
  if (checkpointed === undefined)
    throw failure('LedgerRefused', `partition ${partition.start} of ${plan.backfillId} is not in the ledger`);
  if (checkpointed.rows !== work.rows)
    throw failure(
      'DataRefused',
      `partition ${partition.start} of ${plan.dataset}: the transform yields ${work.rows - checkpointed.rows} rows that lie outside the partition; correct its predicate, nothing was kept`,
    );
  return work;
}

/** The server says what went wrong, we say where. */
async function naming<T>(plan: BackfillPlan, partition: LedgerPartition, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    const timedOut = partitionTimedOut(plan, partition, error);
    if (timedOut !== null) throw timedOut;
    if (error instanceof pg.DatabaseError)
      error.message = `partition ${partition.start} of ${plan.dataset}: ${error.message}`;
    throw error;
  });
}
