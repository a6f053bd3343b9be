import type { Noticing } from '../src/ledger/base-comparisons.ts';
import { noticing } from '../src/ledger/base-comparisons.ts';
import { markPartition } from '../src/ledger/dirty-marks.ts';
import type { LedgerPartition } from '../src/ledger/partitions.ts';
import { nextUnconsolidated } from '../src/ledger/partitions.ts';
import type { ConsolidationResult } from '../src/protocol/activities.ts';
import { retryLock } from '../src/warehouse/retry-lock.ts';
import type { Surroundings } from './build-batch.ts';
import { whyStop } from './gate.ts';
import type { GateWatch } from './gate-watch.ts';
import type { Left } from './move-partition.ts';
import { MOVE_TRIES, inMovingTransaction, movePartition, neverEqual } from './move-partition.ts';

type Stopped = ConsolidationResult['stopped'];

/** Ends the transaction without a trace. */
class Undone extends Error {
  readonly why: { readonly partition: LedgerPartition; readonly left: Left } | 'stopped';
  constructor(why: Undone['why']) {
    super('nothing of it is kept');
    this.why = why;
  }
}

/**
 * Every partition that is not moved yet, in one transaction: who reads the base table itself sees history turn from old to
 * corrected at one instant. Whatever stops it undoes it, and it begins anew. `follow` rebuilds what live writes left different.
 */
export async function moveAtOnce(at: Surroundings, follow: () => Promise<Stopped>): Promise<Stopped> {
  const { plan, attempt, gate, working } = at;
  for (let attemptNumber = 1; ; attemptNumber += 1) {
    const watch = gate.watch(attempt.session);
    let undone: Undone['why'];
    try {
      const { captured } = await attempt.session.one<Noticing>(noticing(plan.backfillId));
      await retryLock(() => inMovingTransaction(attempt.session, captured, () => moveAll(at, watch, captured)));
      return null;
    } catch (error) {
      if (!(error instanceof Undone)) throw error;
      undone = error.why;
    } finally {
      await watch.end();
    }
    if (undone === 'stopped') return whyStop(gate, working);
    if (attemptNumber === MOVE_TRIES) throw neverEqual(plan, undone.partition, undone.left);
    await attempt.session.change(markPartition(plan.backfillId, undone.partition.start));
    const stopped = await follow();
    if (stopped !== null) return stopped;
  }
}

async function moveAll({ plan, attempt, working }: Surroundings, watch: GateWatch, captured: boolean): Promise<void> {
  const { session } = attempt;
  for (;;) {
    const [partition] = await session.rows<LedgerPartition>(nextUnconsolidated(plan.backfillId));
    if (partition === undefined) return;
    if (working.asked() || watch.stop() !== null) throw new Undone('stopped');
    working.at({ consolidating: partition.start, transaction: 'all partitions at once' });
    const left = await movePartition(plan, session, partition, captured);
    if (left !== 0) throw new Undone({ partition, left });
  }
}
