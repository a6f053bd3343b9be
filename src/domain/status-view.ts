import type { Approval, BackfillState, Hold, Proposal, Refusal, Release, WaitingOn } from './backfill-state.ts';
import type { NextAction } from './next-actions.ts';
import { nextActions, waysOut } from './next-actions.ts';
import type { MonitorStatus } from './monitor.ts';
import type { LiveWrites } from './live-writes.ts';
import type { Waiver } from './waiver.ts';
import { statusWait } from './status-wait.ts';
import type { BackfillStatus } from './status.ts';
import { isFinal } from './status.ts';
import type { Check } from './verdict.ts';

/** What the `status` query and `backfill status --json` answer; programs lean on these names. */
export interface StatusView {
  readonly backfillId: string;
  readonly dataset: string | null;
  readonly status: BackfillStatus;
  readonly since: string;
  readonly waitingOn: WaitingOn | null;
  readonly partitions: { readonly total: number; readonly done: number; readonly rebuilt: number };
  readonly batches: { readonly total: number; readonly done: number; readonly failed: number };
  readonly bytesScanned: number;
  readonly evidenceDigest: string | null;
  readonly checks: readonly Check[];
  /** One a consumer that is watched; empty before a publication. */
  readonly monitors: readonly MonitorStatus[];
  /** Announcements that could not be delivered so far, each in words; they are tried again, or given up. */
  readonly undelivered: readonly string[];
  readonly approval: Approval | null;
  /** All that were given on the present evidence. */
  readonly approvals: readonly Approval[];
  readonly waivers: readonly Waiver[];
  readonly hold: Hold | null;
  /** Columns that the base got while readers see the release; before, the run is held with them. */
  readonly drift: string | null;
  /** What a replan would change, once somebody asked. */
  readonly proposal: Proposal | null;
  readonly paused: BackfillState['paused'];
  readonly release: Release | null;
  readonly rollbackDeadline: string | null;
  readonly rollbackStatement: string | null;
  readonly signOffs: BackfillState['signOffs'];
  readonly refusals: readonly Refusal[];
  /** How far it is behind the live pipeline, as it was last measured; null before anything was followed. */
  readonly liveWrites: LiveWrites | null;
  readonly limits: BackfillState['limits'];
  readonly reportPath: string | null;
  readonly historyLength: number;
  readonly planHash: string | null;
  /** Of the spec it was started with; null until the plan is frozen. */
  readonly specHash: string | null;
  readonly workflowId: string;
  readonly requestedBy: string;
  readonly because: string | null;
  /** What a person can say now, most likely first. */
  readonly next: readonly NextAction[];
}

export function viewStatus(state: BackfillState, historyLength: number): StatusView {
  const { plan, progress } = state;
  return {
    backfillId: state.backfillId,
    dataset: plan?.dataset ?? null,
    status: state.status,
    since: state.since,
    waitingOn: waitingOn(state),
    partitions: {
      total: plan?.partitions ?? 0,
      done: progress.partitionsDone,
      rebuilt: progress.partitionsRebuilt,
    },
    batches: { total: plan?.batches ?? 0, done: progress.batchesDone, failed: progress.batchesFailed },
    bytesScanned: progress.bytesScanned,
    evidenceDigest: state.evidence?.digest ?? null,
    checks: state.checks,
    monitors: state.monitors ?? [],
    undelivered: state.undelivered ?? [],
    approval: state.approval,
    approvals: state.approvals ?? [],
    waivers: state.waivers,
    hold: state.hold,
    drift: state.drift,
    proposal: state.proposal,
    paused: state.paused,
    release: state.release,
    rollbackDeadline: state.rollbackDeadline,
    rollbackStatement: state.rollbackStatement,
    signOffs: state.signOffs,
    refusals: state.refusals,
    liveWrites: state.liveWrites ?? null,
    limits: state.limits,
    reportPath: state.evidence?.reportPath ?? null,
    historyLength,
    planHash: plan?.planHash ?? null,
    specHash: plan?.specHash ?? null,
    workflowId: state.workflowId,
    requestedBy: state.requestedBy,
    because: state.endedBecause,
    next: nextActions(state),
  };
}

/** The one wait to show: a person's pause before a closed gate before the status's own wait. Null while work goes on. */
export function waitingOn(state: BackfillState): WaitingOn | null {
  if (isFinal(state.status)) return null;
  const waiting = ownWait(state);
  const { beyondLimitSince = null } = state.liveWrites ?? {};
  if (waiting === null || beyondLimitSince === null) return waiting;
  const behind = `live writes are followed later than late_drift.max_lag allows since ${beyondLimitSince}, readers keep the last good rows`;
  return { ...waiting, reason: `${waiting.reason}; ${behind}` };
}

function ownWait(state: BackfillState): WaitingOn | null {
  if (state.hold !== null)
    // A drift says itself what can be done about it.
    return {
      reason: `held: ${state.hold.reason}${state.hold.drifted === true ? '' : `; ${waysOut(state)}`}`,
      since: state.hold.since,
    };
  if (state.paused !== null)
    return {
      reason: `paused by ${state.paused.by}: ${state.paused.reason}; resume ends it`,
      since: state.paused.since,
    };
  return state.waiting ?? statusWait(state);
}
