import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { DeltaLevel, KeyRange, PercentRange } from '../domain/backfill-spec.ts';
import type { ReconciliationFigures } from '../domain/batch-verdict.ts';
import type { ComparedRow } from '../domain/comparison.ts';
import type { DrillDown } from '../domain/drill-down.ts';
import type { Estimate } from '../domain/estimate.ts';
import type { Identification } from '../domain/people.ts';
import type { LiveWrites } from '../domain/live-writes.ts';
import type { MonitorVerdict } from '../domain/monitor.ts';
import type { PreviousEvidence } from '../domain/previous-evidence.ts';
import type { Reproduction } from '../domain/reproduction.ts';
import type { SeamRow } from '../domain/seam.ts';
import type { Check } from '../domain/verdict.ts';
import type { Waiver } from '../domain/waiver.ts';
import type { Amendment } from '../ledger/amendments.ts';
import type { BatchCheckCounts, NoticedBatch } from '../ledger/batch-checks.ts';
import type { ChangedRow } from '../ledger/changed-rows.ts';
import type { DownstreamNotice } from '../ledger/downstream-notices.ts';
import type { PartitionOfNote } from '../ledger/partitions-of-note.ts';
import type { WorkDone } from '../ledger/work-done.ts';
import type { Verification } from './verify-evidence.ts';

/**
 * Everything a person needs to judge one backfill, as plain JSON: instants are ISO-8601 in UTC, decimals are text so that
 * no digit is lost, bytes and milliseconds are numbers. Fields are added, never renamed.
 */
export interface Report {
  readonly version: 1;
  readonly generatedAt: string;
  readonly backfillId: string;
  readonly dataset: string;
  readonly publishedView: string;
  readonly workflowId: string;
  readonly status: string;
  readonly requestedBy: string;
  readonly reason: { readonly issue: string; readonly change: string };
  /** What changes, by how much, why, what was checked and what approving will do: one paragraph each. */
  readonly summary: readonly string[];
  /** The newest evidence of the whole run; null before the run was reconciled. */
  readonly evidence: {
    readonly digest: string;
    readonly asOf: string;
    readonly server: string;
    /** Whether its digest, and every digest that it stands on, is that of what the ledger holds now. */
    readonly verification: Verification;
    /** Where it is asked for again: what was asked about before, and the difference. */
    readonly previous: PreviousEvidence | null;
  } | null;
  readonly plan: ReportedPlan;
  /** Closed accounting periods that the run changes, of the newest evidence. */
  readonly closedPeriods: readonly RestatedPeriod[];
  readonly work: { readonly estimate: Estimate; readonly actual: WorkDone; readonly rowsWritten: number };
  /** Counts by class of row, live writes apart; of the evidence, or of the batches reconciled so far. */
  readonly figures: ReconciliationFigures;
  readonly measures: readonly MeasureReport[];
  /** Where months and points come from. `tables` includes live writes; `batches` counts each batch into the month it begins in. */
  readonly seriesFrom: 'tables' | 'batches';
  /** Neighbouring partitions (or batches) in one point of a series. */
  readonly perPoint: number;
  readonly explanations: readonly { readonly name: string; readonly condition: string; readonly rows: number }[];
  readonly checks: readonly Check[];
  readonly proofs: readonly Check[];
  readonly logic: LogicReport;
  readonly batches: {
    readonly total: number;
    readonly planned: number;
    readonly passed: number;
    readonly failed: number;
    readonly waived: number;
    readonly checks: readonly BatchCheckCounts[];
    readonly noticed: readonly NoticedBatch[];
  };
  /** Built more than once, timed out, cancelled by the gate, or of a waived batch: the first `most` in key order. */
  readonly partitionsOfNote: { readonly listed: readonly PartitionOfNote[]; readonly most: number };
  readonly changedRows: {
    readonly measure: string;
    readonly keyColumns: readonly string[];
    readonly rows: readonly ChangedRow[];
  };
  /** The contract's first measure that is a sum: rows are counted by how far they move it. Null: it has none. */
  readonly headlineMeasure: string | null;
  /** Each dimension of the contract by it; of the newest evidence. */
  readonly drillDowns: readonly DrillDown[];
  /** Rows with the smallest hashes of their keys: the same whenever they are drawn. */
  readonly examples: { readonly changed: readonly ComparedRow[]; readonly unchanged: readonly ComparedRow[] };
  readonly liveWrites: {
    /** Rows in which the live pipeline changed the interval since the snapshot, up to the evidence. */
    readonly rows: number;
    /** Marks of live writes that no rebuild has answered yet. */
    readonly openMarks: number;
    /** How far the run was behind the live pipeline when this report was made. */
    readonly lag: LiveWrites;
    readonly amendedPartitions: number;
    readonly allowedPartitions: number;
    /** By measure: how far each partition moved, without signs, added up. */
    readonly moved: Readonly<Record<string, string>>;
    readonly allowedMeasurePercent: number;
    readonly amendments: readonly Amendment[];
  };
  /** Each change of verdict of the consumers' monitors, oldest first. */
  readonly monitors: readonly ReportedMonitor[];
  /** What datasets made of this one were told of each release. */
  readonly downstream: readonly ReportedNotice[];
  readonly waivers: readonly Waiver[];
  readonly decisions: readonly ReportedDecision[];
  readonly releases: readonly ReportedRelease[];
  /** The rollback in force; null while this run has nothing published. */
  readonly rollback: ReportedRollback | null;
  readonly commands: ReportCommands;
}

export interface ReportedPlan {
  readonly planHash: string;
  readonly codeVersion: string;
  readonly contractsDirty: boolean;
  readonly contractSha256: string;
  readonly owner: string;
  readonly approvers: readonly string[];
  /** How an approver has to be known at least. */
  readonly identification: Identification;
  readonly reopened: BackfillPlan['reopened'];
  readonly signOff: readonly string[];
  readonly grain: string;
  readonly partitions: number;
  readonly batches: number;
  readonly keyRanges: readonly KeyRange[];
  readonly snapshot: string;
  readonly shadow: string;
  readonly spec: BackfillPlan['spec'];
  readonly overrides: BackfillPlan['overrides'];
  readonly defaults: BackfillPlan['defaults'];
  readonly transforms: readonly { readonly from: string; readonly file: string; readonly sha256: string }[];
  /** Columns of the base that a replan carried into the plan while the run was under way. */
  readonly addedColumns: BackfillPlan['addedColumns'];
  readonly warnings: readonly string[];
}

export interface RestatedPeriod {
  readonly name: string;
  /** By measure, as exact text. */
  readonly measures: Readonly<
    Record<string, { readonly old: string; readonly new: string; readonly difference: string }>
  >;
}

/** What the proofs of the logic saw, and which version of it built what. */
export interface LogicReport {
  /** Of the sampled partitions; null where nothing was reproduced. */
  readonly reproduction: Reproduction | null;
  readonly seamRows: readonly SeamRow[];
  readonly eras: readonly EraBuilt[];
}

/** Built partitions of one era by the hash of the transform that built them; `file` is null where the plan has another. */
export interface EraBuilt {
  readonly era: number;
  readonly from: string;
  readonly file: string | null;
  readonly transformSha256: string;
  readonly partitions: number;
}

/** `percent` is new against old, six digits; null when something came from nothing. */
export interface Comparison {
  readonly old: string;
  readonly new: string;
  readonly delta: string;
  readonly percent: string | null;
}

export interface MeasureReport extends Comparison {
  readonly name: string;
  readonly expression: string;
  readonly expected: Partial<Readonly<Record<DeltaLevel, PercentRange>>>;
  readonly months: readonly (Comparison & { readonly month: string })[];
  /** In key order, at most about 600 points. */
  readonly points: readonly (Comparison & KeyRange)[];
}

export interface ReportedMonitor {
  readonly releaseId: string;
  readonly monitor: string;
  readonly at: string;
  readonly verdict: MonitorVerdict;
  readonly figure: string;
  readonly limit: string;
}

export interface ReportedNotice extends DownstreamNotice {
  readonly releaseId: string;
  readonly event: 'published' | 'rolled_back';
}

export interface ReportedDecision {
  readonly decision: 'approve' | 'reject' | 'waive' | 'sign_off';
  readonly by: string;
  readonly identified: Identification;
  readonly digest: string;
  readonly subject: string;
  readonly comment: string;
  readonly at: string;
  readonly voidBecause: string | null;
}

export interface ReportedRelease {
  readonly releaseId: string;
  readonly state: 'published' | 'rolled_back' | 'consolidated';
  readonly publishedAt: string;
  readonly approvedBy: string;
  readonly rolledBackAt: string | null;
  /** Partitions that live writes restated between the approved evidence and the switch. */
  readonly amendments: number;
  readonly amendmentList: readonly Amendment[];
  /** sha256 over the list as the ledger's text of it. */
  readonly amendmentDigest: string;
}

export interface ReportedRollback {
  readonly releaseId: string;
  readonly deadline: string;
  readonly statement: string;
  /** The view follows the pointer, so the statement alone is enough; if not, `rearm` comes first. */
  readonly armed: boolean;
}

/** Ready to copy, but for the name of whoever sends them; null before there is evidence to decide on. */
export interface ReportCommands {
  readonly approve: string | null;
  readonly approveByTemporal: string | null;
  readonly reject: string | null;
  readonly rejectByTemporal: string | null;
  readonly rollback: string;
  readonly rearm: string;
}
