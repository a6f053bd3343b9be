import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { LiveWrites } from '../src/domain/live-writes.ts';
import { describeLiveWrites, lagTurns } from '../src/domain/live-writes.ts';
import { insertAnnouncement, insertEvent } from '../src/ledger/events.ts';
import { LAG_BEGINS, LAG_ENDS, lockLagSpell } from '../src/ledger/lag-spells.ts';
import { measureLiveWrites } from '../src/ledger/measure-live-writes.ts';
import type { Session } from '../src/warehouse/session.ts';
import { withTransaction } from '../src/warehouse/session.ts';

/**
 * How far readers of a release are behind the live pipeline. Where the lag goes beyond its limit, and where it ends, an
 * event says so once, and whoever wants to hear of it is told; readers keep the last good rows all the while.
 */
export async function followLag(
  session: Session,
  plan: BackfillPlan,
): Promise<{ readonly seen: LiveWrites; readonly turned: boolean }> {
  const { maxLagMs } = plan.spec.publication.lateDrift;
  const seen = await measureLiveWrites(session, plan);
  if (lagTurns(seen, maxLagMs) === null) return { seen, turned: false };
  const turned = await withTransaction(session, async () => {
    await session.one(lockLagSpell(plan.backfillId));
    const now = await measureLiveWrites(session, plan);
    const turn = lagTurns(now, maxLagMs);
    if (turn === null) return false;
    const detail = { maxLagMs, openMarks: now.openMarks, dirtyPartitions: now.dirtyPartitions, seen: now };
    await session.change(insertEvent(plan.backfillId, turn === 'begins' ? LAG_BEGINS : LAG_ENDS, 'worker', detail));
    if (turn === 'begins') {
      const body = { dataset: plan.dataset, maxLagMs, what: describeLiveWrites(now) };
      await session.change(insertAnnouncement(plan.backfillId, 'lagging', now.at, body));
    }
    return true;
  });
  return { seen: await measureLiveWrites(session, plan), turned };
}
