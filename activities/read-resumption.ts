import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { Evidence, Release } from '../src/domain/backfill-state.ts';
import type { ReconciliationFigures } from '../src/domain/batch-verdict.ts';
import { leftInForce } from '../src/domain/left-in-force.ts';
import type { KeptMessage } from '../src/domain/left-in-force.ts';
import { resumedAt } from '../src/domain/resumption.ts';
import { signOffsOf } from '../src/ledger/approvals.ts';
import { messagesHeard } from '../src/ledger/events.ts';
import { newestRunEvidence } from '../src/ledger/evidence.ts';
import { countPartitions } from '../src/ledger/partitions.ts';
import { rollbackInForce, viewFollowsPointer } from '../src/ledger/published-view.ts';
import { activeRelease, latestRelease } from '../src/ledger/releases.ts';
import type { RunStatus } from '../src/ledger/run-status.ts';
import { runStatus } from '../src/ledger/run-status.ts';
import type { Resumption } from '../src/protocol/activities.ts';
import type { Session } from '../src/warehouse/session.ts';
import { headlines } from './run-evidence.ts';

interface LatestRelease {
  readonly releaseId: string;
  readonly state: Release['state'];
  readonly publishedAt: Date;
  readonly deadline: Date;
  readonly consolidatedAt: Date | null;
  readonly digest: string;
}

interface RunEvidenceRow {
  readonly digest: string;
  readonly body: Pick<Evidence, 'asOf' | 'checks' | 'previous'> & { readonly figures: ReconciliationFigures };
}

/** What the ledger holds of a run whose workflow is gone: nothing that was published is built over, nothing is asked twice. */
export async function readResumption(session: Session, plan: BackfillPlan, reports: string): Promise<Resumption> {
  const { backfillId } = plan;
  const { status, approvals, waivers } = await session.one<RunStatus>(runStatus(backfillId));
  const [latest] = await session.rows<LatestRelease>(latestRelease(backfillId));
  const [evidence] = await session.rows<RunEvidenceRow>(newestRunEvidence(backfillId));
  const { consolidated, built, total } = await session.one<{ consolidated: number; built: number; total: number }>(
    countPartitions(backfillId),
  );
  return {
    at: resumedAt({
      status,
      release: latest?.state ?? null,
      pointer: await pointerOf(session, plan),
      hasNewerEvidence: evidence !== undefined && evidence.digest !== latest?.digest,
      hasMovedRows: consolidated > 0,
      hasUnbuilt: built < total,
    }),
    release: latest === undefined ? null : await describeRelease(session, plan, latest),
    evidence: evidence === undefined ? null : describeEvidence(evidence, join(resolve(reports), `${backfillId}.html`)),
    approvals,
    waivers,
    signOffs: latest === undefined ? [] : await signOffs(session, backfillId, latest.releaseId),
    inForce: leftInForce(await session.rows<KeptMessage>(messagesHeard(backfillId, ['pause', 'resume', 'setLimits']))),
    consolidated,
  };
}

/** The report is a file of the worker that wrote it. */
function describeEvidence({ digest, body }: RunEvidenceRow, report: string): Evidence {
  const { asOf, checks, figures, previous } = body;
  const reportPath = existsSync(report) ? report : null;
  return { digest, asOf, checks, headlines: headlines(figures), previous: previous ?? null, reportPath };
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
  { releaseId, state, publishedAt, deadline, consolidatedAt }: LatestRelease,
): Promise<Resumption['release']> {
  const { follows } = await session.one<{ follows: boolean }>(viewFollowsPointer(plan));
  return {
    releaseId,
    state,
    publishedAt: publishedAt.toISOString(),
    deadline: deadline.toISOString(),
    consolidatedAt: consolidatedAt?.toISOString() ?? null,
    shape: follows ? 'armed' : 'settled',
    rollbackStatement: rollbackInForce(plan, releaseId, follows),
  };
}

async function signOffs(session: Session, backfillId: string, releaseId: string): Promise<Resumption['signOffs']> {
  const rows = await session.rows<{ party: string; at: Date }>(signOffsOf(backfillId, releaseId));
  return rows.map(({ party, at }) => ({ party, at: at.toISOString() }));
}
