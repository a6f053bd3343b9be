import type { AnnounceTarget } from './announce-target.ts';
import type { QualifiedName } from './names.ts';
import type { InputDrift } from './reproduction.ts';

/** A half-open slice `[start, end)` of the partition key; both are literals of the key's type, e.g. `2024-12-01`. */
export interface KeyRange {
  readonly start: string;
  readonly end: string;
}

/** A relative change in percent, both ends included: `{ low: -1.5, high: -0.8 }` reads "-1.5% to -0.8%". */
export interface PercentRange {
  readonly low: number;
  readonly high: number;
}

export const DELTA_LEVELS = ['partition', 'batch', 'run'] as const;
export type DeltaLevel = (typeof DELTA_LEVELS)[number];

/** What a figure may come to in every batch and in the whole run; null is no bound. */
export interface Bounds {
  readonly batch: number | null;
  readonly run: number | null;
}

/** Two values count as equal up to the larger of `absolute` and `relativePercent` of the larger of them. */
export interface Tolerance {
  readonly absolute: number;
  readonly relativePercent: number;
  /** What such differences may come to with their signs, added up, in a batch and in the run. */
  readonly drift: number;
}

/** A step stands out when it lies further from the usual ones than so many deviations and than `leastPercent`. */
export interface BoundaryTest {
  readonly deviations: number;
  readonly leastPercent: number;
  /** Steps of the same kind that must be there to tell what is usual. */
  readonly history: number;
}

/** Daily time span in a named zone in which no work is done; `from` and `to` are `HH:MM`. */
export interface PauseWindow {
  readonly from: string;
  readonly to: string;
  readonly timeZone: string;
}

export const BUILD_ORDERS = ['oldest_first', 'newest_first'] as const;
export type BuildOrder = (typeof BUILD_ORDERS)[number];

/** What a person asks for, parsed: names folded, durations in milliseconds, every default filled in. */
export interface BackfillSpec {
  readonly backfillId: string;
  readonly owner: string;
  /** As written; `end` is inclusive. */
  readonly sourceRange: { readonly start: string; readonly end: string };
  /** `sourceRange` less its exclusions: sorted, disjoint, half-open. */
  readonly interval: readonly KeyRange[];
  readonly target: { readonly table: QualifiedName; readonly partitionKey: string };
  readonly reason: { readonly issue: string; readonly change: string };
  readonly execution: {
    readonly partitionsPerBatch: number;
    readonly maxConcurrency: number;
    readonly pauseDuringLivePipeline: boolean;
    readonly order: BuildOrder;
    readonly queryTimeoutMs: number;
    readonly lockTimeoutMs: number;
    /** Bytes scanned per UTC day; null means no budget. */
    readonly dailyBytesBudget: number | null;
    /** What a UTC day may cost, in the currency of the configured prices; absent or null means no budget. */
    readonly dailyCostBudget?: number | null;
    readonly pauseWindows: readonly PauseWindow[];
  };
  readonly validation: {
    /** Rows a batch may gain or lose against the snapshot, live writes apart. */
    readonly rowCountTolerance: number;
    /** Absent: refused. */
    readonly inputDrift?: InputDrift;
    /** By measure and level; a plain string in the document means batch and run. */
    readonly deltaExpected: Readonly<Record<string, Partial<Readonly<Record<DeltaLevel, PercentRange>>>>>;
    /** By measure and dimension of the contract: what is expected for every single value of that dimension. */
    readonly deltaExpectedBy: Readonly<Record<string, Readonly<Record<string, PercentRange>>>>;
    /** Columns that may not be null, beside those of the contract. */
    readonly required: readonly string[];
    /** Rows that may change without a named reason. */
    readonly maxUnexplainedRows: Bounds;
    /** By measure: what those rows may change it by, without signs added up. */
    readonly maxUnexplainedDelta: Readonly<Record<string, Bounds>>;
    /** By column: differences that make no row a changed one. */
    readonly tolerances: Readonly<Record<string, Tolerance>>;
    /** Null: the series is not looked at for steps. */
    readonly boundary: BoundaryTest | null;
    /** Changed and unchanged rows that every batch keeps as examples, so many of each. */
    readonly sampleRows: number;
  };
  readonly publication: {
    readonly strategy: 'pointer';
    readonly lateDrift: {
      /** What live writes may restate after approval before it is void. */
      readonly partitionsPercent: number;
      readonly measurePercent: number;
      /** How far readers of a release may be behind the live pipeline before somebody is told. */
      readonly maxLagMs: number;
    };
    /** How long writers of the base may stand behind the fence of a switch. */
    readonly maxFenceMs: number;
    /** Readers of the base table past the view that the owner accepts. */
    readonly directReaders: readonly string[];
    /** Told beside those of the contract. */
    readonly announce: readonly AnnounceTarget[];
  };
  readonly rollback: {
    readonly snapshot: QualifiedName;
    readonly windowMs: number;
    readonly retainAfterSignOffMs: number;
    /** False: the contract's monitors are left out, and the plan says so. */
    readonly monitors: boolean;
    /** False: a breach that asks for a rollback holds the run instead. */
    readonly autoRollback: boolean;
  };
}
