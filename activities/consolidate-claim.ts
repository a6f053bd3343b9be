import { movesAtOnce } from '../src/domain/direct-readers.ts';
import type { Noticing } from '../src/ledger/base-comparisons.ts';
import { noticing } from '../src/ledger/base-comparisons.ts';
import type { LedgerPartition } from '../src/ledger/partitions.ts';
import { countPartitions, nextUnconsolidated } from '../src/ledger/partitions.ts';
import type { ConsolidationResult, WarehouseActivities } from '../src/protocol/activities.ts';
import { beginConsolidation } from '../src/warehouse/postgres/statements/elevated.ts';
import { retryLock } from '../src/warehouse/retry-lock.ts';
import { withAttempt } from './attempt.ts';
import type { Surroundings } from './build-batch.ts';
import { catchUp } from './catch-up.ts';
import { WHOLE_RUN } from './conclude-evidence.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { closedByFullDisk } from './disk-full.ts';
import { followLag } from './follow-lag.ts';
import { createGate, whyStop } from './gate.ts';
import { moveAtOnce } from './move-at-once.ts';
import { MOVE_TRIES, WRITTEN, inMovingTransaction, movePartition, neverEqual } from './move-partition.ts';
import { refuseDrift } from './refuse-drift.ts';
import { rolledBackByHand } from './watch-live-writes.ts';
import { whileWorking } from './working.ts';

/** One claim works about this long, so that progress shows and a pause is heard in the workflow. */
const CLAIM_MS = 5_000;

/** Corrected rows into the base; each transaction is one partition with its checkpoint, or all of them where roles read the base. */
export function makeConsolidateClaim(deps: ActivityDeps): WarehouseActivities['consolidateClaim'] {
  return ({ backfillId, limits }) =>
    whileWorking(async (working) => {
      const { plan } = await withLedger(deps, (session) => loadPlan(session, backfillId));
      const gate = createGate(deps, plan, limits);
      return withAttempt(deps, plan, WHOLE_RUN, working, async (attempt): Promise<ConsolidationResult> => {
        const stopped = await closedByFullDisk<ConsolidationResult['stopped']>(
          moveRows({ plan, attempt, gate, working, slots: limits.maxConcurrency }),
          (stop) => stop,
        );
        const { total, consolidated } = await attempt.session.one<{ total: number; consolidated: number }>(
          countPartitions(backfillId),
        );
        const { seen } = await followLag(attempt.session, plan);
        return { upTo: consolidated, done: consolidated === total, stopped, liveWrites: seen };
      });
    });
}

/** Why it stopped; null where everything is moved, or the claim has worked long enough. */
async function moveRows(at: Surroundings): Promise<ConsolidationResult['stopped']> {
  const { plan, attempt, gate, working } = at;
  const began = Date.now();
  const undone = await rolledBackByHand(attempt.session, plan);
  if (undone !== null) return { kind: 'rolledBack', at: undone.at };
  await refuseDrift(attempt.session, plan);
  await attempt.session.rows(beginConsolidation(plan));
  for (;;) {
    const stop = await whyStop(gate, working);
    if (stop !== null) return stop;
    const failed = await follow(at);
    if (failed !== null) return failed;
    const [partition] = await attempt.session.rows<LedgerPartition>(nextUnconsolidated(plan.backfillId));
    if (partition === undefined || Date.now() - began > CLAIM_MS) return null;
    working.at({ consolidating: partition.start });
    const stopped = movesAtOnce(plan.spec)
      ? await moveAtOnce(at, () => follow(at))
      : await consolidateOne(at, partition);
    if (stopped !== null) return stopped;
  }
}

/** Late writes first: what they touched is rebuilt, checked again, and so consolidated again. */
async function follow({ plan, attempt, working, slots }: Surroundings): Promise<ConsolidationResult['stopped']> {
  const { failed } = await catchUp(plan, attempt, working, { slots, amend: true, published: true });
  return failed === null ? null : { kind: 'failed', ...failed };
}

/** Null: all of it is moved. */
async function consolidateOne(at: Surroundings, partition: LedgerPartition): Promise<ConsolidationResult['stopped']> {
  const { plan, attempt } = at;
  let { moved } = partition;
  for (let attemptNumber = 1; ; attemptNumber += 1) {
    const { captured } = await attempt.session.one<Noticing>(noticing(plan.backfillId));
    const left = await retryLock(() =>
      inMovingTransaction(attempt.session, captured, () =>
        movePartition(plan, attempt.session, { ...partition, moved }, captured),
      ),
    );
    if (left === 0) return null;
    moved ||= left !== WRITTEN;
    if (attemptNumber === MOVE_TRIES) throw neverEqual(plan, partition, left);
    const stopped = await follow(at);
    if (stopped !== null) return stopped;
  }
}
