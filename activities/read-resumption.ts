import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { Release } from '../src/domain/backfill-state.ts';
import { leftInForce } from '../src/domain/left-in-force.ts';
import type { KeptMessage } from '../src/domain/left-in-force.ts';
import { resumedAt } from '../src/domain/resumption.ts';
import { signOffsOf } from '../src/ledger/approvals.ts';
import { messagesHeard } from '../src/ledger/events.ts';
import { newestRunEvidence } from '../src/ledger/evidence.ts';
import { countPartitions } from '../src/ledger/partitions.ts';
import { rollbackInForce, viewFollowsPointer } from '../src/ledger/published-view.ts';
import { activeRelease, latestRelease } from '../src/ledger/releases.ts';
import { findRun } from '../src/ledger/runs.ts';
import type { Resumption } from '../src/protocol/activities.ts';
import type { Session } from '../src/warehouse/session.ts';

interface LatestRelease {
  readonly releaseId: string;
  readonly state: Release['state'];
  readonly publishedAt: Date;
  readonly deadline: Date;
  readonly digest: string;
}

/** What the ledger holds of a run whose workflow is gone: nothing that was published is built over, nothing is asked twice. */
export async function readResumption(session: Session, plan: BackfillPlan): Promise<Resumption> {
  const { backfillId } = plan;
  const { status } = await session.one<{ status: string }>(findRun(backfillId));
  const [latest] = await session.rows<LatestRelease>(latestRelease(backfillId));
  const [evidence] = await session.rows<{ digest: string }>(newestRunEvidence(backfillId));
  const { consolidated } = await session.one<{ consolidated: number }>(countPartitions(backfillId));
  return {
    at: resumedAt({
      status,
      release: latest?.state ?? null,
      pointer: await pointerOf(session, plan),
      hasNewerEvidence: evidence !== undefined && evidence.digest !== latest?.digest,
      hasMovedRows: consolidated > 0,
    }),
    release: latest === undefined ? null : await describeRelease(session, plan, latest),
    signOffs: latest === undefined ? [] : await signOffs(session, backfillId, latest.releaseId),
    inForce: leftInForce(await session.rows<KeptMessage>(messagesHeard(backfillId, ['pause', 'resume', 'setLimits']))),
    consolidated,
  };
}

async function pointerOf(
  session: Session,
  { dataset, backfillId }: BackfillPlan,
): Promise<'ours' | 'consolidating' | 'not ours'> {
  const active = await session.one<{ backfillId: string | null; consolidating: boolean }>(activeRelease(dataset));
  if (active.backfillId !== backfillId) return 'not ours';
  return active.consolidating ? 'consolidating' : 'ours';
}

async function describeRelease(
  session: Session,
  plan: BackfillPlan,
  { releaseId, state, publishedAt, deadline }: LatestRelease,
): Promise<Resumption['release']> {
  const { follows } = await session.one<{ follows: boolean }>(viewFollowsPointer(plan));
  return {
    releaseId,
    state,
    publishedAt: publishedAt.toISOString(),
    deadline: deadline.toISOString(),
    shape: follows ? 'armed' : 'settled',
    rollbackStatement: rollbackInForce(plan, releaseId, follows),
  };
}

async function signOffs(session: Session, backfillId: string, releaseId: string): Promise<Resumption['signOffs']> {
  const rows = await session.rows<{ party: string; at: Date }>(signOffsOf(backfillId, releaseId));
  return rows.map(({ party, at }) => ({ party, at: at.toISOString() }));
}
