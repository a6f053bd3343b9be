import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { forgetOwnMarks, markPartition } from '../src/ledger/dirty-marks.ts';
import type { LedgerPartition } from '../src/ledger/partitions.ts';
import { countPartitions, markMoved, nextUnconsolidated } from '../src/ledger/partitions.ts';
import type { ConsolidationResult, WarehouseActivities } from '../src/protocol/activities.ts';
import { beginConsolidation, consolidatePartition } from '../src/warehouse/postgres/statements/elevated.ts';
import { retryLock } from '../src/warehouse/retry-lock.ts';
import { recordLiveSinceSnapshot } from '../src/warehouse/postgres/statements/live-rows.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import { failure } from './activity-failure.ts';
import type { Attempt } from './attempt.ts';
import { withAttempt } from './attempt.ts';
import { catchUp } from './catch-up.ts';
import { WHOLE_RUN } from './conclude-evidence.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { closedByFullDisk } from './disk-full.ts';
import type { Gate } from './gate.ts';
import { createGate, whyStop } from './gate.ts';
import { rolledBackByHand } from './watch-live-writes.ts';
import type { Working } from './working.ts';
import { whileWorking } from './working.ts';

/** One claim works about this long, so that progress shows and a pause is heard in the workflow. */
const CLAIM_MS = 5_000;
/** A partition that the live pipeline keeps different from its own sources is a person's decision. */
const TRIES = 3;

/** Corrected rows into the base, partition by partition; each transaction is one partition with its checkpoint. */
export function makeConsolidateClaim(deps: ActivityDeps): WarehouseActivities['consolidateClaim'] {
  return ({ backfillId, limits }) =>
    whileWorking(async (working) => {
      const { plan } = await withLedger(deps, (session) => loadPlan(session, backfillId));
      const gate = createGate(deps, plan, limits);
      return withAttempt(deps, plan, WHOLE_RUN, working, async (attempt): Promise<ConsolidationResult> => {
        const stopped = await closedByFullDisk<ConsolidationResult['stopped']>(
          moveRows({ plan, attempt, gate, working }),
          (stop) => stop,
        );
        const { total, consolidated } = await attempt.session.one<{ total: number; consolidated: number }>(
          countPartitions(backfillId),
        );
        return { upTo: consolidated, done: consolidated === total, stopped };
      });
    });
}

/** Why it stopped; null where everything is moved, or the claim has worked long enough. */
async function moveRows(at: {
  readonly plan: BackfillPlan;
  readonly attempt: Attempt;
  readonly gate: Gate;
  readonly working: Working;
}): Promise<ConsolidationResult['stopped']> {
  const { plan, attempt, gate, working } = at;
  const began = Date.now();
  const undone = await rolledBackByHand(attempt.session, plan);
  if (undone !== null) return { kind: 'rolledBack', at: undone.at };
  await attempt.session.rows(beginConsolidation(plan));
  for (;;) {
    const stop = await whyStop(gate, working);
    if (stop !== null) return stop;
    const failed = await follow(plan, attempt, working);
    if (failed !== null) return failed;
    const [partition] = await attempt.session.rows<LedgerPartition>(nextUnconsolidated(plan.backfillId));
    if (partition === undefined || Date.now() - began > CLAIM_MS) return null;
    working.at({ consolidating: partition.start });
    const left = await consolidateOne(plan, attempt, partition, working);
    if (left !== null) return left;
  }
}

/** Late writes first: what they touched is rebuilt, checked again, and so consolidated again. */
async function follow(plan: BackfillPlan, attempt: Attempt, working: Working): Promise<ConsolidationResult['stopped']> {
  const { failed } = await catchUp(plan, attempt, working, {
    slots: plan.spec.execution.maxConcurrency,
    amend: true,
    published: true,
  });
  return failed === null ? null : { kind: 'failed', ...failed };
}

/** Null: all of it is moved. */
async function consolidateOne(
  plan: BackfillPlan,
  attempt: Attempt,
  partition: LedgerPartition,
  working: Working,
): Promise<ConsolidationResult['stopped']> {
  for (let attemptNumber = 1; ; attemptNumber += 1) {
    const moved = partition.moved || attemptNumber > 1;
    const left = await retryLock(() =>
      withTransaction(attempt.session, () => movePartition(plan, attempt, { ...partition, moved })),
    );
    if (left === 0) return null;
    if (attemptNumber === TRIES)
      throw failure(
        'StatementRefused',
        `partition ${partition.start} of ${plan.dataset}: ${left} rows written by the live pipeline differ from what the corrected logic makes of the sources; correct the pipeline or the sources, then retry`,
      );
    const stopped = await follow(plan, attempt, working);
    if (stopped !== null) return stopped;
  }
}

/** Rows left to the live pipeline. */
async function movePartition(plan: BackfillPlan, { session }: Attempt, partition: LedgerPartition): Promise<number> {
  // Moved rows differ from the snapshot too: which ones the pipeline wrote can be told now only.
  if (!partition.moved) await session.change(recordLiveSinceSnapshot(plan, partition));
  const { done } = await session.one<{ done: { left: number } }>(consolidatePartition(plan, partition.ordinal));
  await session.change(forgetOwnMarks(plan.backfillId));
  await session.change(markMoved(plan.backfillId, partition.ordinal, done.left === 0));
  if (done.left > 0) await session.change(markPartition(plan.backfillId, partition.start));
  return done.left;
}
