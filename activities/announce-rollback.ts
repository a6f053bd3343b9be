import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { recordNotices } from '../src/ledger/downstream-notices.ts';
import { insertAnnouncement } from '../src/ledger/events.ts';
import type { Session } from '../src/warehouse/session.ts';

/** Whoever rolled it back and whoever notices it: told once, to everybody and to each dataset made of this one. */
export async function announceRollback(
  session: Session,
  plan: BackfillPlan,
  release: string,
  by: string,
  reason: string,
): Promise<void> {
  await recordNotices(session, plan, release, 'rolled_back');
  const body = { dataset: plan.dataset, release, by, reason };
  await session.change(insertAnnouncement(plan.backfillId, 'rolled_back', release, body));
}
