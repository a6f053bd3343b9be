import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { Check } from '../src/domain/verdict.ts';
import { uncheckedBatches } from '../src/ledger/batches.ts';
import { recordCatchUp } from '../src/ledger/catch-ups.ts';
import { dirtyNow, dirtyPartitions, expandMarks } from '../src/ledger/dirty-marks.ts';
import { insertEvent } from '../src/ledger/events.ts';
import type { LedgerPartition } from '../src/ledger/partitions.ts';
import { attachCapture, captureIsBroken } from '../src/warehouse/postgres/statements/elevated.ts';
import { retryLock } from '../src/warehouse/retry-lock.ts';
import type { Session } from '../src/warehouse/session.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import { amendBatch, rebuildWithin } from './amend-batch.ts';
import type { Attempt } from './attempt.ts';
import { holdBatch } from './hold-batch.ts';
import { enterBatch } from './rebuild-partition.ts';
import { watchMovedSources } from './moved-sources.ts';
import { dirtyOfBatch, noticeLiveWrites } from './notice-live-writes.ts';
import { reconcileBatch } from './reconcile-batch.ts';
import type { Working } from './working.ts';

export interface CaughtUp {
  readonly partitions: number;
  readonly failed: { readonly batch: number; readonly check: Check } | null;
}

export interface CatchUpOptions {
  readonly slots: number;
  /** Each measure before and after is recorded, for the approval that covers it. */
  readonly amend: boolean;
  /** Readers see what is built: a batch is built and checked in one transaction, which leaves nothing where the check fails. */
  readonly published?: boolean;
  /** Where no trigger marks live writes: how much of the base this pass compares. Default: some. */
  readonly compare?: 'all' | 'some';
  /** Asked before each partition; what is left keeps its marks. */
  readonly closed?: () => Promise<boolean>;
}

/** Partitions taken in one pass, and how long it goes on to the next; marks that are left or come meanwhile wait. */
const PASS = 50;
const PASS_MS = 60_000;

/**
 * Rebuilds what live writes touched, from the sources, and reconciles every batch that is built and not passed: also
 * one that failed before, because its sources may be corrected by now. One pass: the caller decides whether another is needed.
 */
export async function catchUp(
  plan: BackfillPlan,
  attempt: Attempt,
  working: Working,
  options: CatchUpOptions,
): Promise<CaughtUp> {
  const { session } = attempt;
  const began = Date.now();
  await mendCapture(plan, session);
  await noticeLiveWrites(plan, session, options.compare ?? 'some');
  await session.change(expandMarks(plan));
  const found = await session.rows<LedgerPartition & { dirty: number }>(dirtyPartitions(plan, PASS));
  const dirty = found.filter((one) => one.state === 'built');
  const goesOn = async (): Promise<boolean> =>
    !working.asked() && Date.now() - began < PASS_MS && (await options.closed?.()) !== true;
  const follow = options.published === true ? amendPublished : rebuildAll;
  const caught = await follow(plan, attempt, { dirty, goesOn }, options);
  if (dirty.length > 0) {
    const { dirtyPartitions: dirtyAfter } = await session.one<{ dirtyPartitions: number }>(dirtyNow(plan));
    const pass = { tookMs: Date.now() - began, dirtyBefore: found[0]?.dirty ?? 0, dirtyAfter };
    await session.change(recordCatchUp(plan.backfillId, { ...pass, partitions: caught.partitions }));
  }
  return caught;
}

/** What is left when a pass ends keeps its marks: the next one takes them. */
interface Pass {
  readonly dirty: readonly LedgerPartition[];
  readonly goesOn: () => Promise<boolean>;
}

async function rebuildAll(
  plan: BackfillPlan,
  attempt: Attempt,
  { dirty, goesOn }: Pass,
  options: CatchUpOptions,
): Promise<CaughtUp> {
  const { session } = attempt;
  let rebuilt = 0;
  for (const partition of dirty) {
    if (!(await goesOn())) break;
    await holdBatch(attempt, plan, partition.batch);
    await rebuildOne(plan, attempt, partition, options);
    rebuilt += 1;
  }
  for (const { batch } of await session.rows<{ batch: number }>(uncheckedBatches(plan.backfillId))) {
    const failed = await check(plan, attempt, batch, options);
    if (failed === null) continue;
    const left = await dirtyOfBatch(plan, session, batch);
    if (left.length === 0) return { partitions: rebuilt, failed: { batch, check: failed } };
  }
  return { partitions: rebuilt, failed: null };
}

/** A batch that fails keeps the rows that readers see, and its marks. */
async function amendPublished(
  plan: BackfillPlan,
  attempt: Attempt,
  { dirty, goesOn }: Pass,
  options: CatchUpOptions,
): Promise<CaughtUp> {
  const unchecked = await attempt.session.rows<{ batch: number }>(uncheckedBatches(plan.backfillId));
  let rebuilt = 0;
  for (const batch of new Set([...dirty, ...unchecked].map((one) => one.batch))) {
    if (!(await goesOn())) break;
    const partitions = dirty.filter((partition) => partition.batch === batch);
    const failed = await amendBatch(plan, attempt, { batch, partitions }, options);
    if (failed !== null) return { partitions: rebuilt, failed: { batch, check: failed } };
    rebuilt += partitions.length;
  }
  return { partitions: rebuilt, failed: null };
}

/** A leaf that came or went, a trigger that slept, a mark that was missed: what was written meanwhile is known by comparing everything. */
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
  options: CatchUpOptions,
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
  attempt: Attempt,
  partition: LedgerPartition,
  options: CatchUpOptions,
): Promise<void> {
  await withTransaction(attempt.session, async () => {
    await enterBatch(attempt.session, plan, partition.batch, attempt.fence, options.slots);
    await rebuildWithin(plan, attempt, partition, options);
  });
}
