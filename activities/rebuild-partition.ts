import { setTimeout as delay } from 'node:timers/promises';
import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { takeSlot } from '../src/ledger/attempts.ts';
import { lockClaim } from '../src/ledger/batches.ts';
import type { LedgerPartition } from '../src/ledger/partitions.ts';
import { checkpoint } from '../src/ledger/partitions.ts';
import type { MeasuredWork } from '../src/warehouse/postgres/explain.ts';
import type { Begun } from '../src/warehouse/postgres/statements/delete-slice.ts';
import { beginPartition } from '../src/warehouse/postgres/statements/delete-slice.ts';
import { insertSlice } from '../src/warehouse/postgres/statements/insert-slice.ts';
import type { Session } from '../src/warehouse/session.ts';
import { failure } from './activity-failure.ts';
import { naming } from './naming.ts';
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
 * One partition, replaced as a whole inside the caller's transaction: base fingerprinted, marks consumed and slice deleted
 * in one statement, slice inserted from the sources, checkpoint. The order matters: the insert is a later statement than the one that takes the
 * marks it answers for, and than the fingerprint by which a write that it did not see is told.
 */
export function rebuildPartition(
  session: Session,
  plan: BackfillPlan,
  partition: LedgerPartition,
  fence: number,
): Promise<MeasuredWork> {
  const work = replaceSlice(session, plan, partition, fence).catch((error: unknown) => {
    throw partitionTimedOut(plan, partition, error) ?? error;
  });
  return naming(`partition ${partition.start} of ${plan.dataset}`, work);
}

async function replaceSlice(
  session: Session,
  plan: BackfillPlan,
  partition: LedgerPartition,
  fence: number,
): Promise<MeasuredWork> {
  const { fingerprint, inputState, ...readBefore } = await session.one<Begun>(beginPartition(plan, partition));
  const began = performance.now();
  const inserted = await session.change(insertSlice(plan, partition));
  const durationMs = Math.round(performance.now() - began);
  const transformSha256 = plan.eras[partition.era - 1]?.sha256 ?? '';
  const [built] = await session.rows<{ rows: number; bytes: number; cachedBytes: number }>(
    checkpoint(plan, partition, {
      fence,
      readBefore,
      durationMs,
      transformSha256,
      inputState,
      baseFingerprint: fingerprint,
    }),
  );
  if (built === undefined)
    throw failure('LedgerRefused', `partition ${partition.start} of ${plan.backfillId} is not in the ledger`);
  if (built.rows !== inserted)
    throw failure(
      'DataRefused',
      `partition ${partition.start} of ${plan.dataset}: the transform yields ${inserted - built.rows} rows that lie outside the partition; correct its predicate, nothing was kept`,
    );
  return { ...built, durationMs };
}
