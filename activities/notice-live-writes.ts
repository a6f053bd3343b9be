import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { Noticing } from '../src/ledger/base-comparisons.ts';
import {
  comparedAll,
  leaveRound,
  lockComparison,
  noticing,
  openComparison,
  takeRound,
} from '../src/ledger/base-comparisons.ts';
import { dirtyPartitionsOfBatch } from '../src/ledger/dirty-marks.ts';
import { markChanged } from '../src/warehouse/postgres/statements/base-fingerprint.ts';
import type { Session } from '../src/warehouse/session.ts';
import { withTransaction } from '../src/warehouse/session.ts';

/** One look in so many milliseconds takes this long at most, and one partition: a tenth of one core of the warehouse. */
const LOOK_EVERY_MS = 5_000;
const LOOK_MS = 500;
/** Statements take more partitions while they stay below this. */
const STATEMENT_MS = 100;
const MOST_AT_ONCE = 64;

/**
 * Where no trigger marks what is written, the base itself tells: a partition that is not as its build saw it is marked,
 * and followed like any other. `all` compares every partition, before people are asked and before the switch; `some` as
 * many as a look may take, in turn. Where a trigger was missing for a while, everything is compared once.
 */
export async function noticeLiveWrites(plan: BackfillPlan, session: Session, which: 'all' | 'some'): Promise<void> {
  const { captured, owed } = await session.one<Noticing>(noticing(plan.backfillId));
  if (captured && !owed) return;
  await session.change(openComparison(plan.backfillId));
  if (owed || which === 'all') await compareAll(plan, session);
  else await compareSome(plan, session);
}

/** Partitions of a batch that are dirty now, compared where nothing marks them. */
export async function dirtyOfBatch(plan: BackfillPlan, session: Session, batch: number): Promise<readonly unknown[]> {
  const { captured } = await session.one<Noticing>(noticing(plan.backfillId));
  if (!captured) await session.change(markChanged(plan, { batch }));
  return session.rows(dirtyPartitionsOfBatch(plan, batch));
}

/** Capture that is owed a comparison stands by now: what is written from here on is marked, and what was before is seen. */
async function compareAll(plan: BackfillPlan, session: Session): Promise<void> {
  await withTransaction(session, async () => {
    const { began } = await session.one<{ began: string }>(lockComparison(plan.backfillId));
    await session.change(markChanged(plan, 'all'));
    await session.change(comparedAll(plan.backfillId, began));
  });
}

async function compareSome(plan: BackfillPlan, session: Session): Promise<void> {
  const [round] = await session.rows<{ next: number; last: number }>(takeRound(plan.backfillId, LOOK_EVERY_MS));
  if (round === undefined) return;
  const began = Date.now();
  let { next } = round;
  let atOnce = 1;
  while (next <= round.last && Date.now() - began < LOOK_MS) {
    const statement = Date.now();
    await session.change(markChanged(plan, { from: next, to: next + atOnce - 1 }));
    next += atOnce;
    if (Date.now() - statement < STATEMENT_MS) atOnce = Math.min(MOST_AT_ONCE, atOnce * 2);
  }
  await session.change(leaveRound(plan.backfillId, next, next > round.last));
}
