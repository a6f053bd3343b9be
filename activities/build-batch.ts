import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { LedgerBatch } from '../src/ledger/batches.ts';
import { dirtyPartitionsOfBatch, expandMarks } from '../src/ledger/dirty-marks.ts';
import { countGateCancel } from '../src/ledger/interruptions.ts';
import type { LedgerPartition } from '../src/ledger/partitions.ts';
import { partitionsOfBatch } from '../src/ledger/partitions.ts';
import { recordSpending } from '../src/ledger/spending.ts';
import type { ClaimResult } from '../src/protocol/activities.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import { isCancelled } from '../src/warehouse/sqlstate.ts';
import type { Attempt } from './attempt.ts';
import type { Gate } from './gate.ts';
import { whyStop } from './gate.ts';
import type { GateWatch } from './gate-watch.ts';
import { countedTimeout } from './query-timeout.ts';
import { enterBatch, rebuildPartition } from './rebuild-partition.ts';
import type { Working } from './working.ts';

/** A transaction that would run longer is cut at the next partition: locks, bloat and lost work stay bounded. */
const TRANSACTION_TARGET_MS = 2_000;
/**
 * A partition that takes longer than the pause between two closings of the gate would begin anew for ever: after this
 * many cancellations it runs to its end. One would be too few for a gate that flickers, three cost a third of a night.
 */
const GATE_CANCELS = 2;

export interface BuildResult {
  /** Partitions built, the first time or again. */
  readonly built: number;
  readonly stopped: ClaimResult['stopped'];
}

/** What a claim works with. */
export interface Surroundings {
  readonly plan: BackfillPlan;
  readonly attempt: Attempt;
  readonly gate: Gate;
  readonly working: Working;
  readonly slots: number;
}

/**
 * Builds the partitions of a batch that are missing or dirty in transactions of about two seconds. The gate is asked
 * before each of them, when nothing is locked yet; within, what a watch beside it saw last decides.
 */
export async function buildBatch(at: Surroundings, batch: LedgerBatch): Promise<BuildResult> {
  const todo = await partitionsToBuild(at.attempt, at.plan, batch);
  for (let built = 0; ;) {
    if (built === todo.length) return { built, stopped: null };
    const stopped = await whyStop(at.gate, at.working);
    if (stopped !== null) return { built, stopped };
    const step = await buildSome(at, batch, todo.slice(built));
    built += step.built;
    if (step.stopped !== null) return { built, stopped: step.stopped };
  }
}

/** One transaction: as many partitions as fit, one at least. */
async function buildSome(at: Surroundings, batch: LedgerBatch, todo: readonly LedgerPartition[]): Promise<BuildResult> {
  const { plan, attempt, gate, working, slots } = at;
  const watch = gate.watch(attempt.session);
  let under: LedgerPartition | undefined;
  try {
    return await withTransaction(attempt.session, async () => {
      const began = Date.now();
      let bytes = 0;
      let cachedBytes = 0;
      let built = 0;
      await enterBatch(attempt.session, plan, batch.batch, attempt.fence, slots);
      for (const partition of todo) {
        if (built > 0 && (working.asked() || watch.stop() !== null || Date.now() - began >= TRANSACTION_TARGET_MS))
          break;
        under = partition;
        const cancellable = partition.gateCancels < GATE_CANCELS;
        const gateNote = cancellable ? {} : { gate: `cancelled it ${partition.gateCancels} times: it runs to its end` };
        working.at({ batch: batch.batch, partition: partition.start, ...gateNote });
        watch.began({ cancellable });
        const work = await rebuildPartition(attempt.session, plan, partition, attempt.fence);
        bytes += work.bytes;
        cachedBytes += work.cachedBytes;
        built += 1;
      }
      await watch.end();
      const spent = { what: `build batch ${batch.batch}`, bytes, cachedBytes, durationMs: Date.now() - began };
      await attempt.session.change(recordSpending(plan.backfillId, spent));
      return { built, stopped: null };
    });
  } catch (error) {
    await watch.end();
    const stopped = under === undefined ? null : await whyEnded(at, watch, under, error);
    if (stopped === null) throw error;
    return { built: 0, stopped };
  }
}

/** Of a partition whose statement came to no end, and whose transaction left nothing. Null where the error is of another kind. */
async function whyEnded(
  { plan, attempt, working }: Surroundings,
  watch: GateWatch,
  partition: LedgerPartition,
  error: unknown,
): Promise<BuildResult['stopped']> {
  const { session } = attempt;
  const closed = watch.cancelled();
  if (closed !== null && isCancelled(error) && !working.asked()) {
    const { times } = await session.one<{ times: number }>(countGateCancel(plan.backfillId, partition.ordinal));
    const next = times < GATE_CANCELS ? 'it begins anew' : 'it begins anew and then runs to its end, gate or not';
    const reason = `${closed.reason}; partition ${partition.start} was cancelled under way, ${times} of ${GATE_CANCELS} times: ${next}`;
    return { ...closed, reason };
  }
  const timedOut = await countedTimeout((count) => session.one(count), plan.backfillId, error);
  if (timedOut === null) return null;
  if (timedOut.nonRetryable === true) throw timedOut;
  return { kind: 'timedOut', batch: partition.batch, reason: timedOut.message };
}

async function partitionsToBuild(attempt: Attempt, plan: BackfillPlan, batch: LedgerBatch): Promise<LedgerPartition[]> {
  await attempt.session.change(expandMarks(plan));
  const all = await attempt.session.rows<LedgerPartition>(partitionsOfBatch(plan.backfillId, batch.batch));
  const dirty = new Set(
    (await attempt.session.rows<{ ordinal: number }>(dirtyPartitionsOfBatch(plan, batch.batch))).map(
      (row) => row.ordinal,
    ),
  );
  return all.filter((partition) => partition.state === 'planned' || dirty.has(partition.ordinal));
}
