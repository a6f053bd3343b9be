import type { BatchQueue } from './batch-queue.ts';
import { startQueue } from './batch-queue.ts';
import { HISTORY_BUDGET } from './history-budget.ts';
import type { MonitorStatus } from './monitor.ts';
import type { Identification } from './people.ts';
import type { PipelineSignal } from './pipeline-signals.ts';
import type { LiveWrites } from './live-writes.ts';
import type { PlanSummary } from './plan-summary.ts';
import type { PreviousEvidence } from './previous-evidence.ts';
import type { ReceivedMessage } from './received-message.ts';
import type { BackfillStatus } from './status.ts';
import type { Check } from './verdict.ts';
import type { Waiver } from './waiver.ts';

/** Why nothing moves at the moment, since when, and what would end it. */
export interface WaitingOn {
  readonly reason: string;
  readonly since: string;
  readonly until?: string;
}

export interface Hold {
  /** Where a retry goes back to. */
  readonly from: BackfillStatus;
  readonly reason: string;
  readonly since: string;
  /** The failing check, when one failed: its name is what a waiver names. */
  readonly check: Check | null;
  readonly batch: number | null;
  /** Base table or view are no longer those of the plan. */
  readonly drifted?: true;
  /** A reference input is another than what was built from: a retry accepts it. */
  readonly inputsChanged?: true;
}

export interface Approval {
  readonly by: string;
  readonly identified: Identification;
  readonly digest: string;
  readonly comment: string;
  readonly at: string;
  /** Base64, over `approvalText`; where it was signed. */
  readonly signature?: string;
}

export interface Release {
  readonly releaseId: string;
  readonly publishedAt: string;
  readonly state: 'published' | 'rolled_back' | 'consolidated';
  /** What datasets made of this one were told when it was published, in words; absent: there are none. */
  readonly downstream?: readonly string[];
}

/** A message that changed nothing, kept so that whoever sent it can see why. */
export interface Refusal {
  readonly message: string;
  readonly reason: string;
  readonly at: string;
}

export interface Evidence {
  readonly digest: string;
  readonly asOf: string;
  readonly checks: readonly Check[];
  readonly reportPath: string | null;
  /** One line a measure: what changes, by how much. */
  readonly headlines: readonly string[];
  /** Where it is asked for again: what was asked about before. */
  readonly previous?: PreviousEvidence | null;
}

/** How far the ledger says the run is: counted where the checkpoints lie, whatever a worker still remembered when it died. */
export interface LedgerCounts {
  readonly partitionsDone: number;
  /** Builds beyond the first, because live writes touched the partition. */
  readonly partitionsRebuilt: number;
  /** Passed or waived. */
  readonly batchesDone: number;
  readonly batchesFailed: number;
  readonly bytesScanned: number;
}

export interface Progress extends LedgerCounts {
  /** Batches measured by this run and the time they took: what the size of a claim follows. */
  readonly measuredBatches: number;
  readonly busyMs: number;
  readonly startedAt: string | null;
}

/** What a replan would change, as the warehouse was when somebody asked. */
export interface Proposal {
  readonly planHash: string;
  readonly lines: readonly string[];
  readonly at: string;
}

/** What a person asked for and no phase has acted on yet. */
export type Request =
  | { readonly kind: 'approve'; readonly by: string; readonly approval: Approval }
  | { readonly kind: 'waive'; readonly by: string; readonly waiver: Waiver }
  | { readonly kind: 'signOff'; readonly by: string }
  | { readonly kind: 'abort'; readonly by: string; readonly reason: string }
  | { readonly kind: 'reject'; readonly by: string; readonly reason: string }
  | { readonly kind: 'rollback'; readonly by: string; readonly reason: string }
  | { readonly kind: 'republish'; readonly by: string }
  | { readonly kind: 'close'; readonly by: string }
  | { readonly kind: 'retry'; readonly by: string }
  /** Without a hash: what would it change? */
  | { readonly kind: 'replan'; readonly by: string; readonly planHash: string | null }
  | { readonly kind: 'reshape'; readonly by: string; readonly shape: 'armed' | 'settled' };

/** All that a run remembers between tasks and hands to its successor; lists of partitions live in the ledger. */
export interface BackfillState {
  readonly backfillId: string;
  readonly workflowId: string;
  readonly requestedBy: string;
  readonly status: BackfillStatus;
  readonly since: string;
  readonly plan: PlanSummary | null;
  readonly limits: {
    readonly maxConcurrency: number;
    readonly dailyBytesBudget: number | null;
    /** Absent where neither plan nor message named one. */
    readonly dailyCostBudget?: number | null;
  };
  readonly queue: BatchQueue;
  readonly progress: Progress;
  /** As they were last measured; null before, and for a run that began before they were. */
  readonly liveWrites?: LiveWrites | null;
  readonly paused: { readonly by: string; readonly reason: string; readonly since: string } | null;
  /** By name; some may have expired, which is found where they are waited for. */
  readonly pipelineSignals: readonly PipelineSignal[];
  readonly waiting: WaitingOn | null;
  readonly hold: Hold | null;
  /** Columns that the base got since readers see the release, in words: they hold nothing. */
  readonly drift: string | null;
  readonly proposal: Proposal | null;
  readonly checks: readonly Check[];
  /** Of the present release, as they were when one of their verdicts last changed; absent before the first look. */
  readonly monitors?: readonly MonitorStatus[];
  /** Announcements that could not be delivered so far, in words. */
  readonly undelivered?: readonly string[];
  /** Monitors rolled this dataset back as often within a day as they may. */
  readonly monitorsFlutter?: boolean;
  readonly evidence: Evidence | null;
  /** Of the dataset's own approver; null until it is given. */
  readonly approval: Approval | null;
  /** All that were given on the present evidence, in their order; absent in a run that began when one was all. */
  readonly approvals?: readonly Approval[];
  readonly waivers: readonly Waiver[];
  readonly release: Release | null;
  readonly releases: number;
  readonly shape: 'plain' | 'armed' | 'settled';
  readonly rollbackDeadline: string | null;
  readonly rollbackStatement: string | null;
  readonly signOffs: readonly { readonly party: string; readonly at: string }[];
  /** In the order of arrival; a phase takes what it can act on, the ledger has the last word. */
  readonly requests: readonly Request[];
  readonly consolidated: number;
  /** After consolidation: when the snapshot may go. */
  readonly retainUntil: string | null;
  /** Events a run may have before it continues as new. */
  readonly historyBudget: number;
  /** How often in a row a run continued as new before the step at hand came to its end: the next gives it more room. */
  readonly begunAnew: number;
  /** Messages received so far. */
  readonly received: number;
  /** Of these, what the ledger was not told yet, in their order. */
  readonly untold: readonly ReceivedMessage[];
  readonly refusals: readonly Refusal[];
  readonly endedBecause: string | null;
}

export function openState(backfillId: string, workflowId: string, requestedBy: string, nowIso: string): BackfillState {
  return {
    backfillId,
    workflowId,
    requestedBy,
    status: 'planning',
    since: nowIso,
    plan: null,
    limits: { maxConcurrency: 1, dailyBytesBudget: null },
    queue: startQueue(0),
    progress: {
      partitionsDone: 0,
      partitionsRebuilt: 0,
      batchesDone: 0,
      batchesFailed: 0,
      bytesScanned: 0,
      measuredBatches: 0,
      busyMs: 0,
      startedAt: null,
    },
    liveWrites: null,
    paused: null,
    pipelineSignals: [],
    waiting: null,
    hold: null,
    drift: null,
    proposal: null,
    checks: [],
    evidence: null,
    approval: null,
    approvals: [],
    waivers: [],
    release: null,
    releases: 0,
    shape: 'plain',
    rollbackDeadline: null,
    rollbackStatement: null,
    signOffs: [],
    requests: [],
    consolidated: 0,
    retainUntil: null,
    historyBudget: HISTORY_BUDGET,
    begunAnew: 0,
    received: 0,
    untold: [],
    refusals: [],
    endedBecause: null,
  };
}
