import type { AnnounceTarget, Channel } from './announce-target.ts';
import type { ClosedPeriod } from './closed-periods.ts';
import type { QualifiedName } from './names.ts';
import type { Identification } from './people.ts';

export const PARTITION_GRAINS = ['hour', 'day', 'week', 'month'] as const;
export type PartitionGrain = (typeof PARTITION_GRAINS)[number];

export const BREACH_ACTIONS = ['alert', 'hold', 'rollback'] as const;
export type BreachAction = (typeof BREACH_ACTIONS)[number];

/** How live writes to the interval are noticed: by triggers on the base, or by comparing it with what the builds saw. */
export const CAPTURE_MODES = ['triggers', 'fingerprints'] as const;
export type CaptureMode = (typeof CAPTURE_MODES)[number];

/** The rules in force from a date on: one SQL file, relative to the contract's folder. */
export interface TransformEra {
  readonly from: string;
  readonly sql: string;
}

export type MonitorExpectation =
  | { readonly kind: 'equals_published' }
  | { readonly kind: 'within'; readonly percent: number; readonly of: 'published' | 'baseline' }
  | { readonly kind: 'psi_below'; readonly limit: number }
  /** No error, and the 95th percentile at most so many times what it was before; null: errors alone. */
  | { readonly kind: 'canary'; readonly latencyTimes: number | null };

/** A value in the JSON that an address answers; `header` is a secret by reference, `path` leads to the value. */
export interface HttpAnswer {
  readonly kind: 'http';
  readonly url: string;
  readonly header: string | null;
  readonly path: string;
}

/** Where a consumer is looked at: an SQL file as the worker, an address, or an SQL file as the consumer's own role. */
export type ConsumerProbe =
  | { readonly kind: 'sql'; readonly sql: string }
  | (HttpAnswer & { readonly measuredAt: string | null })
  | { readonly kind: 'canary'; readonly sql: string; readonly role: string; readonly runs: number };

export interface Consumer {
  readonly owner: string;
  readonly probe: ConsumerProbe | null;
  readonly expect: MonitorExpectation | null;
  /** The measure whose published total it is compared with; null: the contract's first. */
  readonly measure: string | null;
  readonly everyMs: number;
  readonly afterMs: number;
  /** Failing measurements in a row that make a breach. */
  readonly failures: number;
  readonly onBreach: BreachAction;
}

export type PipelineProbe =
  { readonly kind: 'sql'; readonly sql: string } | (HttpAnswer & { readonly runningWhen: string });

/** How long a person may be waited for before somebody is reminded. */
export interface WaitDeadlines {
  readonly approvalMs: number;
  readonly signOffMs: number;
  readonly holdMs: number;
}

export const PARTITION_MAPPINGS = ['same', 'month', 'none'] as const;

/** A dataset that is made of this one. */
export interface Downstream {
  readonly dataset: string;
  readonly owner: string;
  /** The command that refreshes it; null: it needs none, or nobody says. */
  readonly refresh: string | null;
  /** Cut like this dataset, by months, or not at all. */
  readonly partitions: (typeof PARTITION_MAPPINGS)[number];
}

/** An independent path to a measure: a query, or a file of figures from elsewhere; the other is null. */
export interface SourceTotal {
  readonly sql: string | null;
  readonly csv: string | null;
  readonly tolerance: number;
}

/** What a team says once about a dataset: keys, measures, transform, owners, consumers. SQL is named by file. */
export interface DatasetContract {
  readonly dataset: QualifiedName;
  readonly owner: string;
  readonly approvers: readonly string[];
  readonly approval: {
    /** How an approver has to be known at least. */
    readonly identification: Identification;
    /** By approver: the ed25519 public key that their approvals are signed with. */
    readonly keys: Readonly<Record<string, string>>;
  };
  readonly closedPeriods: readonly ClosedPeriod[];
  readonly signOff: readonly string[];
  readonly publishedView: QualifiedName;
  readonly partition: { readonly key: string; readonly grain: PartitionGrain; readonly timeZone: string | null };
  readonly uniqueKey: readonly string[];
  readonly required: readonly string[];
  /** Columns of few values, by which a change is broken down. */
  readonly dimensions: readonly string[];
  /** Columns whose values are masked wherever rows are shown or kept: evidence, report, announcements, messages. */
  readonly personal: readonly string[];
  /** Aggregate expressions over the table's columns, e.g. `sum(net_revenue)`. */
  readonly measures: Readonly<Record<string, string>>;
  readonly transform: {
    readonly corrected: readonly TransformEra[];
    readonly trusted: readonly TransformEra[];
    /** One statement may rebuild a whole batch. */
    readonly rangeSafe: boolean;
  };
  readonly sourceTotals: Readonly<Record<string, SourceTotal>>;
  readonly referenceInputs: readonly QualifiedName[];
  /** Named boolean expressions over `old` and `new` rows. */
  readonly explanations: Readonly<Record<string, string>>;
  readonly livePipeline: {
    readonly running: PipelineProbe | null;
    readonly startedSignalExpiresMs: number;
    readonly capture: CaptureMode;
  };
  readonly consumers: Readonly<Record<string, Consumer>>;
  readonly announce: readonly AnnounceTarget[];
  readonly deadlines: WaitDeadlines;
  /** Told as well from the second reminder on; null: nobody. */
  readonly escalation: ({ readonly contact: string } & Channel) | null;
  readonly downstream: readonly Downstream[];
}

/** A contract together with everything it names, read from one folder at one moment. */
export interface LoadedContract {
  readonly contract: DatasetContract;
  /** Content and sha256 (hex) of every file the contract names, by the path it is named by. */
  readonly files: Readonly<Record<string, { readonly text: string; readonly sha256: string }>>;
  /** sha256 (hex) of the contract document. */
  readonly sha256: string;
  /** Git revision of the contracts folder and the transform's hash: `4f2c9e1+6b1d…`; `dirty` where the tree has uncommitted changes. */
  readonly codeVersion: string;
  readonly dirty: boolean;
}
