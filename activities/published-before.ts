import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { newestRunEvidence } from '../src/ledger/evidence.ts';
import type { ActiveRelease } from '../src/ledger/releases.ts';
import { activeRelease, latestRelease, rollbackStatement } from '../src/ledger/releases.ts';
import type { PublishOutcome } from '../src/protocol/activities.ts';
import type { Session } from '../src/warehouse/session.ts';

interface Latest {
  readonly releaseId: string;
  readonly state: string;
  readonly digest: string;
  readonly publishedAt: Date;
  readonly deadline: Date;
  readonly rolledBackAt: Date | null;
  readonly rolledBackBy: string | null;
}

/**
 * What became of the newest evidence in an attempt whose reply was lost: published, or rolled back by hand since. Nothing
 * may run over either. Null where it was never published.
 */
export async function publishedBefore(
  session: Session,
  plan: BackfillPlan,
): Promise<Extract<PublishOutcome, { kind: 'published' | 'rolledBackByHand' }> | null> {
  const [latest] = await session.rows<Latest>(latestRelease(plan.backfillId));
  if (latest === undefined) return null;
  const release = {
    releaseId: latest.releaseId,
    publishedAt: latest.publishedAt.toISOString(),
    deadline: latest.deadline.toISOString(),
    rollbackStatement: rollbackStatement(plan, latest.releaseId),
  };
  const active = await session.one<ActiveRelease>(activeRelease(plan.dataset));
  if (active.releaseId === latest.releaseId) return { kind: 'published', release };
  const [evidence] = await session.rows<{ digest: string }>(newestRunEvidence(plan.backfillId));
  if (latest.state !== 'rolled_back' || latest.digest !== evidence?.digest) return null;
  return {
    kind: 'rolledBackByHand',
    release,
    at: (latest.rolledBackAt ?? new Date()).toISOString(),
    by: latest.rolledBackBy ?? 'unknown',
  };
}
