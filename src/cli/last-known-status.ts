import type { DescribedBackfill } from '../client/describe-backfill.ts';
import type { Config } from '../config/config.ts';
import type { WaitingOn } from '../domain/backfill-state.ts';
import type { BackfillPlan } from '../domain/backfill-plan.ts';
import { ownApproval } from '../domain/required-approvals.ts';
import { nextActions } from '../domain/next-actions.ts';
import type { LiveWrites } from '../domain/live-writes.ts';
import type { MonitorStatus } from '../domain/monitor.ts';
import type { StatusView } from '../domain/status-view.ts';
import type { BackfillStatus } from '../domain/status.ts';
import { BACKFILL_STATUSES, isFinal } from '../domain/status.ts';
import { undelivered } from '../ledger/deliveries.ts';
import { measureLiveWrites } from '../ledger/measure-live-writes.ts';
import { monitorsNow } from '../ledger/monitors-now.ts';
import { rollbackInForce, viewFollowsPointer } from '../ledger/published-view.ts';
import type { RunStatus } from '../ledger/run-status.ts';
import { runStatus } from '../ledger/run-status.ts';
import { readPlan } from '../ledger/runs.ts';
import { workflowIdOf } from '../protocol/identity.ts';
import type { Session } from '../warehouse/session.ts';
import { hasLedger, withWarehouse } from './with-warehouse.ts';

/** What the ledger holds of a run, with the rollback that is in force now. */
export interface RecordedRun extends RunStatus {
  /** Measured now: the ledger knows it with no worker. Null for a run that has ended. */
  readonly liveWrites: LiveWrites | null;
  /** As they were last measured, while a release of the run is watched. */
  readonly monitors: readonly MonitorStatus[];
  readonly undelivered: readonly string[];
  readonly rollbackStatement: string | null;
}

/** Null where no warehouse is configured, or it has no ledger or no such run. */
export async function readRecordedRun(
  { warehouse }: Pick<Config, 'warehouse'>,
  backfillId: string,
): Promise<RecordedRun | null> {
  if (warehouse === null) return null;
  return withWarehouse({ warehouse }, async (session) => {
    if (!(await hasLedger(session))) return null;
    const [run] = await session.rows<RunStatus>(runStatus(backfillId));
    if (run === undefined) return null;
    const releaseId = run.release?.state === 'published' ? run.release.releaseId : null;
    return {
      ...run,
      liveWrites: await liveWritesOf(session, run, backfillId),
      monitors: await monitorsOf(session, run, backfillId),
      undelivered: (await session.rows<{ text: string }>(undelivered(backfillId))).map(({ text: told }) => told),
      rollbackStatement: releaseId === null ? null : await statementInForce(session, backfillId, releaseId),
    };
  });
}

async function liveWritesOf(session: Session, { status }: RunStatus, backfillId: string): Promise<LiveWrites | null> {
  if (BACKFILL_STATUSES.some((one) => one === status && isFinal(one))) return null;
  const { plan } = await session.one<{ plan: BackfillPlan }>(readPlan(backfillId));
  return measureLiveWrites(session, plan);
}

async function monitorsOf(
  session: Session,
  { release }: RunStatus,
  backfillId: string,
): Promise<readonly MonitorStatus[]> {
  if (release?.state !== 'published') return [];
  const { plan } = await session.one<{ plan: BackfillPlan }>(readPlan(backfillId));
  return (await monitorsNow(session, plan, release, null)).map(({ status }) => status);
}

async function statementInForce(session: Session, backfillId: string, releaseId: string): Promise<string> {
  const { plan } = await session.one<{ plan: BackfillPlan }>(readPlan(backfillId));
  const { follows } = await session.one<{ follows: boolean }>(viewFollowsPointer(plan));
  return rollbackInForce(plan, releaseId, follows);
}

/**
 * The status as of its last change, from the workflow's memo and the ledger: what can be said with no worker running.
 * Null where neither knows the run. `refused`: why the newest start of this id was refused, beside the run that the ledger has. What lives in the workflow's memory alone (limits, the hold's check) is left empty.
 */
export function lastKnownStatus(
  backfillId: string,
  described: DescribedBackfill | null,
  run: RecordedRun | null,
  refused: string | null = null,
): StatusView | null {
  if (described === null && run === null) return null;
  const memo = (key: string): string | null => text(described?.memo[key]);
  const remembered = memo('since') ?? '';
  // The memo is written just before the ledger; later than the memo, somebody else wrote the ledger.
  const isLedgerNewer = run !== null && (run.since >= remembered || described?.workflowStatus === 'FAILED');
  const since = (isLedgerNewer ? run.since : remembered) || described?.startedAt || '';
  const status = statusOf(isLedgerNewer ? run.status : memo('status'), run === null ? described : null);
  const release = run?.release ?? null;
  const isPublished = release?.state === 'published';
  return {
    backfillId,
    dataset: run?.dataset ?? null,
    status,
    since,
    waitingOn: waitingOn(status, since, refused === null ? memo('waitingOn') : null, described, refused),
    partitions: run?.partitions ?? { total: 0, done: 0, rebuilt: 0 },
    batches: run?.batches ?? { total: 0, done: 0, failed: 0 },
    bytesScanned: run?.bytesScanned ?? 0,
    evidenceDigest: run?.evidence?.digest ?? null,
    checks: run?.evidence?.checks ?? [],
    monitors: run?.monitors ?? [],
    undelivered: run?.undelivered ?? [],
    approval: run === null ? null : ownApproval(run.approvers, run.approvals),
    approvals: run?.approvals ?? [],
    waivers: run?.waivers ?? [],
    drift: null,
    proposal: null,
    hold: null,
    paused: null,
    release: release && { releaseId: release.releaseId, publishedAt: release.publishedAt, state: release.state },
    rollbackDeadline: isPublished ? release.deadline : null,
    rollbackStatement: run?.rollbackStatement ?? null,
    signOffs: run?.signOffs ?? [],
    refusals: run?.refusals ?? [],
    liveWrites: run?.liveWrites ?? null,
    limits: { maxConcurrency: 0, dailyBytesBudget: null },
    reportPath: null,
    historyLength: described?.historyLength ?? 0,
    planHash: run?.planHash ?? null,
    specHash: run?.specHash ?? null,
    workflowId: described?.workflowId ?? run?.workflowId ?? workflowIdOf(backfillId),
    requestedBy: run?.requestedBy ?? '',
    because: null,
    // Held where, and in which shape the view is, only the workflow knows: what leans on it is not offered.
    next: nextActions({
      backfillId,
      status,
      drift: null,
      proposal: null,
      hold: null,
      paused: null,
      shape: 'plain',
      release: null,
      requests: [],
      signOffs: run?.signOffs ?? [],
      evidence: run?.evidence ?? null,
      plan: null,
    }),
  };
}

function statusOf(known: string | null | undefined, described: DescribedBackfill | null): BackfillStatus {
  const status = BACKFILL_STATUSES.find((one) => one === known) ?? 'planning';
  // A workflow that failed did so before anything was written; its memo may be older than its end.
  return described?.workflowStatus === 'FAILED' && !isFinal(status) ? 'failed' : status;
}

/** What a status waits for by its nature, where the memo was written before the wait began. */
const OWN_WAITS: Readonly<Partial<Record<BackfillStatus, string>>> = {
  awaitingApproval: 'an approver: approve or reject the evidence',
  observing: 'the end of the rollback window',
  awaitingSignOff: 'the sign-off of every party',
  rolledBack: 'a person: republish or close',
  held: 'a person: retry, or what a worker offers when it runs',
};

function waitingOn(
  status: BackfillStatus,
  since: string,
  remembered: string | null,
  described: DescribedBackfill | null,
  refused: string | null,
): WaitingOn | null {
  if (isFinal(status)) return null;
  if (described === null)
    return { reason: 'the Temporal server was not asked, or has no workflow of this run; see backfill doctor', since };
  if (refused !== null)
    return {
      reason: `the spec it was started with: its newest start was refused (${refused}); see backfill doctor`,
      since,
    };
  if (!described.isRunning) {
    const how = described.workflowStatus.toLowerCase().replaceAll('_', ' ');
    return { reason: `its workflow has ended (${how}) before the run did; see backfill doctor`, since };
  }
  const reason = remembered === null || remembered === 'nothing' ? OWN_WAITS[status] : remembered;
  return reason === undefined ? null : { reason, since };
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
