import type { Approval, BackfillState, Evidence, LedgerCounts, Release } from '../domain/backfill-state.ts';
import type { LiveWrites } from '../domain/live-writes.ts';
import type { MonitorStatus } from '../domain/monitor.ts';
import type { Waiver } from '../domain/waiver.ts';
import type { BatchRange } from '../domain/batch-queue.ts';
import type { LeftInForce } from '../domain/left-in-force.ts';
import type { PlanSummary } from '../domain/plan-summary.ts';
import type { ReceivedMessage } from '../domain/received-message.ts';
import type { ResumedAt } from '../domain/resumption.ts';
import type { BackfillStatus } from '../domain/status.ts';
import type { Check } from '../domain/verdict.ts';

/** Every activity names its run; plans and lists of partitions are read from the ledger. */
export interface RunRef {
  readonly backfillId: string;
}

export type PlanOutcome =
  | {
      readonly kind: 'planned';
      readonly plan: PlanSummary;
      readonly counts: LedgerCounts;
      readonly requestedBy: string;
      /** What the ledger holds of this run, when its workflow died and was started again; null for a new one. */
      readonly resume: Resumption | null;
    }
  | { readonly kind: 'refused'; readonly reasons: readonly string[] };

export interface Resumption {
  /** Null: from the proofs on, on which way nothing that is built is built twice. */
  readonly at: ResumedAt | null;
  readonly release:
    | (PublishedRelease &
        Pick<Release, 'state'> & { readonly shape: 'armed' | 'settled'; readonly consolidatedAt: string | null })
    | null;
  /** What that release was approved on. */
  readonly evidence: Evidence | null;
  readonly approvals: readonly Approval[];
  readonly waivers: readonly Waiver[];
  /** Of that release. */
  readonly signOffs: BackfillState['signOffs'];
  readonly inForce: LeftInForce;
  /** Partitions whose rows are in the base. */
  readonly consolidated: number;
}

export interface FinishedBatch {
  readonly batch: number;
  readonly verdict: 'pass' | 'waived' | 'fail';
  readonly busyMs: number;
}

/** What only the workflow knows of the gate. */
export interface WatchGate {
  /** Live pipelines that signalled that they run, in words; null where none did. */
  readonly signalled: string | null;
}

/** The gate closed while work was under way. */
export interface GateStop {
  readonly kind: 'gate';
  readonly reason: string;
  readonly until?: string;
  /** No reading shows whether the disk has room again: the gate writes on trial before it opens. */
  readonly diskFull?: true;
}

export interface ClaimResult {
  readonly finished: readonly FinishedBatch[];
  readonly counts: LedgerCounts;
  /** What was not finished goes back to the queue. */
  readonly rest: BatchRange | null;
  readonly stopped:
    | null
    | { readonly kind: 'asked' }
    | GateStop
    /** A partition ran out of time and is tried again, its batch alone. The last try fails the activity instead. */
    | { readonly kind: 'timedOut'; readonly batch: number; readonly reason: string }
    | { readonly kind: 'failed'; readonly batch: number; readonly check: Check };
}

export interface PublishedRelease {
  readonly releaseId: string;
  readonly publishedAt: string;
  readonly deadline: string;
  readonly rollbackStatement: string;
  /** What datasets made of this one were told, in words. */
  readonly downstream?: readonly string[];
}

export interface BatchFailed {
  readonly kind: 'batchFailed';
  readonly batch: number;
  readonly check: Check;
}

/** The live pipeline dirties partitions faster than they are rebuilt: before a publication a person decides. */
export interface Diverges {
  readonly kind: 'diverges';
  readonly reason: string;
  readonly liveWrites: LiveWrites;
}

export type PublishOutcome =
  | { readonly kind: 'notPublished' }
  | { readonly kind: 'published'; readonly release: PublishedRelease }
  /** It was published, the reply was lost, and before it was asked again somebody ran the rollback statement. */
  | {
      readonly kind: 'rolledBackByHand';
      readonly release: PublishedRelease;
      readonly at: string;
      readonly by: string;
    }
  | { readonly kind: 'approvalVoid'; readonly reason: string }
  | GateStop
  | Diverges
  | BatchFailed;

export type WatchOutcome =
  | { readonly kind: 'rebuilt'; readonly counts: LedgerCounts; readonly liveWrites?: LiveWrites }
  /** The lag of a release went beyond its limit, or that has ended; it is recorded and announced. */
  | { readonly kind: 'lag'; readonly liveWrites: LiveWrites }
  | Diverges
  | { readonly kind: 'approvalVoid'; readonly reason: string }
  | { readonly kind: 'rolledBackByHand'; readonly at: string; readonly by: string }
  /** The base has columns that the plan does not know, or has none any more: null. */
  | { readonly kind: 'drifted'; readonly reason: string | null }
  | { readonly kind: 'failed'; readonly batch: number; readonly check: Check };

export interface MonitorsOutcome {
  readonly monitors: readonly MonitorStatus[];
  /** By the ledger's clock. */
  readonly at: string;
  /** Monitors asked for as many rollbacks of this dataset within a day as are left to them: the next one is a person's. */
  readonly flutters: boolean;
}

export type ReplanOutcome =
  | { readonly kind: 'proposed'; readonly planHash: string; readonly lines: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: string }
  | {
      readonly kind: 'replanned';
      readonly plan: PlanSummary;
      readonly counts: LedgerCounts;
      /** The logic is another: everything is proved and built again. */
      readonly rebuild: boolean;
    };

export type AcceptOutcome =
  | { readonly kind: 'accepted'; readonly counts: LedgerCounts }
  /** It is another again than what was shown. */
  | { readonly kind: 'changedAgain'; readonly reason: string };

export type ConcludeOutcome =
  | {
      readonly kind: 'concluded';
      readonly evidence: Evidence;
      readonly failed: Check | null;
      readonly counts: LedgerCounts;
      readonly liveWrites?: LiveWrites;
    }
  | Diverges
  | BatchFailed;

export type Recorded = { readonly kind: 'recorded' } | { readonly kind: 'refused'; readonly reason: string };

export type DecisionToRecord =
  | { readonly kind: 'approve'; readonly approval: Approval }
  | { readonly kind: 'reject'; readonly by: string; readonly reason: string; readonly digest: string }
  | { readonly kind: 'waive'; readonly waiver: Waiver }
  /** Of one release: after a rollback and a new publication every party signs again. */
  | { readonly kind: 'signOff'; readonly party: string; readonly releaseId: string };

export interface ConsolidationResult {
  /** Partitions consolidated so far, in order. */
  readonly upTo: number;
  readonly done: boolean;
  readonly liveWrites?: LiveWrites;
  readonly stopped:
    | null
    | { readonly kind: 'asked' }
    | GateStop
    | { readonly kind: 'rolledBack'; readonly at: string }
    | { readonly kind: 'failed'; readonly batch: number; readonly check: Check };
}

/** Artifacts by kind and name. `kept`: which of them stays although it was to go, and why. */
export interface Removed {
  readonly dropped: readonly string[];
  readonly kept?: string;
}

/** Short statements on the ledger and the catalogue. */
export interface LightActivities {
  /** Writes the run's status and an event. Idempotent by (status, since). */
  recordStatus(
    input: RunRef & { status: BackfillStatus; since: string; because: string; final: boolean },
  ): Promise<void>;
  /** Records messages in their order: who paused, retried, changed limits or gave up, and what changed nothing. Idempotent by message, instant and number. */
  recordMessages(input: RunRef & { messages: readonly ReceivedMessage[] }): Promise<void>;
  /** Idempotent by decision, person and digest; the ledger's invariants may refuse it. */
  recordDecision(input: RunRef & { decision: DecisionToRecord }): Promise<Recorded>;
  /**
   * Delivers the outbox of a run and reminds of waits that are overdue; returns when what cannot be delivered is another than
   * `known`. Key of each delivery: its announcement and target. `last`: one pass, and it returns.
   */
  deliverAnnouncements(
    input: RunRef & { known: readonly string[]; last?: true },
  ): Promise<{ undelivered: readonly string[] }>;
  /** Returns when the gate is open, after a full disk when there is room; until then every poll fails retryably, which costs no history. */
  awaitGate(input: RunRef & { limits: BackfillState['limits']; diskFull?: true }): Promise<void>;
}

/** Activities that scan or change data. Each is idempotent: its effect and its ledger row share a transaction. */
export interface WarehouseActivities {
  /** Key: backfill id and spec hash. Writes nothing unless the plan stands. */
  planBackfill(input: { launch: unknown; workflowId: string }): Promise<PlanOutcome>;
  /** Works in temporary tables only. */
  proveIdempotency(input: RunRef): Promise<{ checks: readonly Check[] }>;
  /** Seam and reproduction: is it the deployed logic, and does the old one still give the old history. Temporary tables only. */
  proveLogic(input: RunRef): Promise<{ checks: readonly Check[] }>;
  /** Triggers on the base table and all its leaves, proved with a canary that is rolled back. */
  installCapture(input: RunRef): Promise<void>;
  /** The table named in the spec, fingerprinted by partition. */
  takeSnapshot(input: RunRef): Promise<{ rows: number }>;
  createShadow(input: RunRef): Promise<void>;
  /** Heartbeats `{ batch, partition }`; when cancelled it returns at the next partition boundary. */
  rebuildClaim(
    input: RunRef & { claim: BatchRange; lane: number; limits: BackfillState['limits'] },
  ): Promise<ClaimResult>;
  /** What a reference input holds by now is what everything is built from: what was built from something else is forgotten. */
  acceptInputs(input: RunRef & { by: string }): Promise<AcceptOutcome>;
  /** Catches up with live writes, then the evidence of the whole run, its digest and its report. Without limits, those of the plan. */
  concludeEvidence(input: RunRef & { limits?: BackfillState['limits'] }): Promise<ConcludeOutcome>;
  /** Rebuilds what live writes touch, but for `pointerOnly`; returns when the workflow has something to hear. */
  /** `drift`: the reason that the workflow knows already. `gate`: asked before each partition, where nobody reads them yet. */
  watchLiveWrites(
    input: RunRef & {
      published: boolean;
      pointerOnly?: true;
      limits?: BackfillState['limits'];
      drift?: string;
      gate?: WatchGate;
    },
  ): Promise<WatchOutcome>;
  /** Before the switch: what monitors compare with. Key: the evidence and the monitor. `without`: checks that were waived. */
  measureBaselines(input: RunRef & { without: readonly string[] }): Promise<{ failed: Check | null }>;
  /**
   * Measures the monitors that are due and records what they found; returns when a verdict changed, or when it was last told
   * an hour ago. `askedAt`: since when a person wants those that are not good looked at again.
   */
  watchMonitors(
    input: RunRef & { known: readonly MonitorStatus[]; told: string | null; askedAt: string | null },
  ): Promise<MonitorsOutcome>;
  /**
   * Draws the plan up with the columns that the base got, and says what that means; with the hash of exactly this plan it
   * carries them into shadow, plan and view. Key: the hash.
   */
  replan(input: RunRef & { by: string; planHash: string | null }): Promise<ReplanOutcome>;
  /**
   * Sources looked at again, grants, armed view, catch-up and the switch. Key: the evidence, published once. Returns the
   * same release when called again; where the gate closed, it goes on with the batches whose sources were not looked at.
   * `lookOnly`: whether there is a release already.
   */
  publishRelease(
    input: RunRef & { windowMs: number; limits: BackfillState['limits']; lookOnly?: true },
  ): Promise<PublishOutcome>;
  /** Idempotent: a release that is rolled back already is reported as such. */
  rollBackRelease(input: RunRef & { by: string; reason: string }): Promise<{ at: string }>;
  reshapeView(input: RunRef & { shape: 'armed' | 'settled'; by: string }): Promise<{ rollbackStatement: string }>;
  /** Guarded deltas into the base table, partition by partition; returns at a boundary when cancelled. */
  consolidateClaim(input: RunRef & { limits: BackfillState['limits'] }): Promise<ConsolidationResult>;
  /** Under the fence: no mark left, base equals overlay; pointer back, plain view, triggers dropped. Not retired: late writes came first. */
  retireOverlay(input: RunRef): Promise<{ retired: boolean }>;
  /** Drops what the ledger records for this run and nothing else. `unplanned`: the workflow knows of no plan, and one that is open in the ledger is ended too. */
  cleanUp(input: RunRef & { keepSnapshot: boolean; unplanned?: true }): Promise<Removed>;
}

export type BackfillActivities = LightActivities & WarehouseActivities;
