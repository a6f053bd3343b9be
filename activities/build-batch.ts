import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { LedgerBatch } from '../src/ledger/batches.ts';
import { dirtyPartitionsOfBatch, expandMarks } from '../src/ledger/dirty-marks.ts';
import type { LedgerPartition } from '../src/ledger/partitions.ts';
import { partitionsOfBatch } from '../src/ledger/partitions.ts';
import { recordSpending } from '../src/ledger/spending.ts';
import type { ClaimResult } from '../src/protocol/activities.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import type { Attempt } from './attempt.ts';
import type { Gate } from './gate.ts';
import { whyStop } from './gate.ts';
import { enterBatch, rebuildPartition } from './rebuild-partition.ts';
import type { Working } from './working.ts';

/** A transaction that would run longer is cut at the next partition: locks, bloat and lost work stay bounded. */
const TRANSACTION_TARGET_MS = 2_000;

export interface BuildResult {
  /** Partitions built, the first time or again. */
  readonly built: number;
  readonly stopped: ClaimResult['stopped'];
}

/** Builds the partitions of a batch that are missing or dirty, gate before each, in transactions of about two seconds. */
export async function buildBatch(
  at: {
    readonly plan: BackfillPlan;
    readonly attempt: Attempt;
    readonly gate: Gate;
    readonly working: Working;
    readonly slots: number;
  },
  batch: LedgerBatch,
): Promise<BuildResult> {
  const { plan, attempt, gate, working, slots } = at;
  const todo = await partitionsToBuild(attempt, plan, batch);
  let result: BuildResult = { built: 0, stopped: null };
  for (let next = 0; next < todo.length && result.stopped === null;) {
    const from = next;
    let bytes = 0;
    let stopped: BuildResult['stopped'] = null;
    await withTransaction(attempt.session, async () => {
      const began = Date.now();
      let cached = 0;
      let entered = false;
      while (next < todo.length && (next === from || Date.now() - began < TRANSACTION_TARGET_MS)) {
        stopped = await whyStop(gate, working);
        const partition = todo[next];
        if (stopped !== null || partition === undefined) break;
        if (!entered) await enterBatch(attempt.session, plan, batch.batch, attempt.fence, slots);
        entered = true;
        working.at({ batch: batch.batch, partition: partition.start });
        const work = await rebuildPartition(attempt.session, plan, partition, attempt.fence);
        bytes += work.bytes;
        cached += work.cachedBytes;
        next += 1;
      }
      if (next > from)
        await attempt.session.change(
          recordSpending(plan.backfillId, {
            what: `build batch ${batch.batch}`,
            bytes,
            cachedBytes: cached,
            durationMs: Date.now() - began,
          }),
        );
    });
    result = { built: result.built + next - from, stopped };
  }
  return result;
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
