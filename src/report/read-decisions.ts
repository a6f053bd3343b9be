import type { Waiver } from '../domain/waiver.ts';
import type { BackfillPlan } from '../domain/backfill-plan.ts';
import { listDecisions } from '../ledger/approvals.ts';
import { evidenceOf } from '../ledger/evidence.ts';
import { rollbackInForce, viewFollowsPointer } from '../ledger/published-view.ts';
import type { ActiveRelease } from '../ledger/releases.ts';
import { activeRelease, latestRelease, listReleases } from '../ledger/releases.ts';
import type { Session } from '../warehouse/session.ts';
import type { Report, ReportedDecision, ReportedRelease, ReportedRollback } from './report.ts';

type Dated<T, Keys extends keyof T> = Omit<T, Keys> & { readonly [K in Keys]: Date | Extract<T[K], null> };

/** Who decided what, what was published, and what undoes it now. */
export async function readDecisions(
  session: Session,
  plan: BackfillPlan,
): Promise<Pick<Report, 'waivers' | 'decisions' | 'releases' | 'rollback'>> {
  const waived = await session.rows<{ body: Waiver }>(evidenceOf(plan.backfillId, 'waiver'));
  const decisions = await session.rows<Dated<ReportedDecision, 'at'>>(listDecisions(plan.backfillId));
  const releases = await session.rows<Dated<ReportedRelease, 'publishedAt' | 'rolledBackAt'>>(
    listReleases(plan.backfillId),
  );
  return {
    waivers: waived.map(({ body }) => body),
    decisions: decisions.map((one) => ({ ...one, at: one.at.toISOString() })),
    releases: releases.map((one) => ({
      releaseId: one.releaseId,
      state: one.state,
      publishedAt: one.publishedAt.toISOString(),
      approvedBy: one.approvedBy,
      rolledBackAt: one.rolledBackAt?.toISOString() ?? null,
      amendments: one.amendments,
      amendmentList: one.amendmentList,
      amendmentDigest: one.amendmentDigest,
    })),
    rollback: await readRollback(session, plan),
  };
}

async function readRollback(session: Session, plan: BackfillPlan): Promise<ReportedRollback | null> {
  const [active] = await session.rows<ActiveRelease>(activeRelease(plan.dataset));
  if (active === undefined || active.backfillId !== plan.backfillId || active.releaseId === null) return null;
  const { deadline } = await session.one<{ deadline: Date }>(latestRelease(plan.backfillId));
  const { follows } = await session.one<{ follows: boolean }>(viewFollowsPointer(plan));
  return {
    releaseId: active.releaseId,
    deadline: deadline.toISOString(),
    statement: rollbackInForce(plan, active.releaseId, follows),
    armed: follows,
  };
}
