import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { markPartition } from '../src/ledger/dirty-marks.ts';
import type { LedgerPartition } from '../src/ledger/partitions.ts';
import { nextUnconsolidated } from '../src/ledger/partitions.ts';
import type { ConsolidationResult } from '../src/protocol/activities.ts';
import { retryLock } from '../src/warehouse/retry-lock.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import type { Attempt } from './attempt.ts';
import type { Gate } from './gate.ts';
import { whyStop } from './gate.ts';
import type { GateWatch } from './gate-watch.ts';
import { MOVE_TRIES, movePartition, neverEqual } from './move-partition.ts';
import type { Working } from './working.ts';

export interface Moving {
  readonly plan: BackfillPlan;
  readonly attempt: Attempt;
  readonly gate: Gate;
  readonly working: Working;
}

type Stopped = ConsolidationResult['stopped'];

/** Ends the transaction without a trace. */
class Undone extends Error {
  readonly why: { readonly partition: LedgerPartition; readonly left: number } | 'stopped';
  constructor(why: Undone['why']) {
    super('nothing of it is kept');
    this.why = why;
  }
}

/**
 * Every partition that is not moved yet, in one transaction: who reads the base table itself sees history turn from old to
 * corrected at one instant. Whatever stops it undoes it, and it begins anew. `follow` rebuilds what live writes left different.
 */
export async function moveAtOnce(at: Moving, follow: () => Promise<Stopped>): Promise<Stopped> {
  const { plan, attempt, gate, working } = at;
  for (let attemptNumber = 1; ; attemptNumber += 1) {
    const watch = gate.watch(attempt.session);
    let undone: Undone['why'];
    try {
      await retryLock(() => withTransaction(attempt.session, () => moveAll(at, watch)));
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

async function moveAll({ plan, attempt, working }: Moving, watch: GateWatch): Promise<void> {
  const { session } = attempt;
  for (;;) {
    const [partition] = await session.rows<LedgerPartition>(nextUnconsolidated(plan.backfillId));
    if (partition === undefined) return;
    if (working.asked() || watch.stop() !== null) throw new Undone('stopped');
    working.at({ consolidating: partition.start, transaction: 'all partitions at once' });
    const left = await movePartition(plan, session, partition);
    if (left > 0) throw new Undone({ partition, left });
  }
}
