import type { AddedColumn } from './added-column.ts';
import type { BackfillSpec, KeyRange } from './backfill-spec.ts';
import type { AnnounceTarget } from './announce-target.ts';
import type { DatasetContract, Downstream, PipelineProbe } from './dataset-contract.ts';
import type { ReopenedPeriod } from './closed-periods.ts';
import type { Estimate } from './estimate.ts';
import type { PlannedMonitor } from './monitor.ts';
import type { QualifiedName } from './names.ts';
import type { RowSecurity } from './row-security.ts';
import type { PlannedSql } from './planned-sql.ts';
import type { PlannedInput } from './reference-input.ts';
import type { ColumnShape } from './table-shape.ts';

export type { PlannedSql } from './planned-sql.ts';

/** An independent path to a measure; `tolerance` in the measure's own unit, for each partition. */
export interface PlannedTotal extends PlannedSql {
  readonly tolerance: number;
  /** Where it is a file of figures: its lines, `[partition_start, value]`. Null: a query. */
  readonly figures: readonly (readonly [start: string, value: string])[] | null;
}

export interface PlannedEra extends PlannedSql {
  readonly from: string;
}

export type HttpProbe = Extract<PipelineProbe, { kind: 'http' }>;
/** How the live pipeline is asked whether it runs: through a SQL file, or at an orchestrator's API. */
export type PlannedProbe = PlannedSql | HttpProbe;

export interface PlannedDownstream extends Downstream {
  readonly found: 'contract' | 'catalogue';
}

/** What will be done, as data. Frozen once in the ledger; everything that runs reads it from there. */
export interface BackfillPlan {
  readonly version: 1;
  readonly backfillId: string;
  readonly dataset: string;
  readonly table: QualifiedName;
  readonly view: QualifiedName;
  readonly shadow: QualifiedName;
  readonly snapshot: QualifiedName;
  readonly spec: BackfillSpec;
  readonly contract: DatasetContract;
  readonly contractSha256: string;
  readonly codeVersion: string;
  readonly contractsDirty: boolean;
  readonly overrides: readonly { readonly path: string; readonly value: string; readonly was: string | null }[];
  readonly defaults: readonly { readonly path: string; readonly value: string }[];
  readonly eras: readonly PlannedEra[];
  /** The logic that produced what is published; empty where the contract does not say. */
  readonly trusted: readonly PlannedEra[];
  readonly sourceTotals: Readonly<Record<string, PlannedTotal>>;
  /** Unpartitioned inputs, as they were when the plan was drawn up. */
  readonly inputs: readonly PlannedInput[];
  readonly probe: PlannedProbe | null;
  /** Of the contract's consumers; empty where the spec leaves them out. */
  readonly monitors: readonly PlannedMonitor[];
  /** Who is told, of contract and spec. */
  readonly announce: readonly AnnounceTarget[];
  /** Made of this dataset: those that the contract lists and those that the catalogue knows. */
  readonly downstream: readonly PlannedDownstream[];
  /** Measures whose total over partitions is the sum of theirs. */
  readonly additiveMeasures: readonly string[];
  /** Type of the partition key, e.g. `date`. */
  readonly keyType: string;
  readonly keyRanges: readonly KeyRange[];
  readonly columns: readonly ColumnShape[];
  readonly uniqueKey: readonly string[];
  /** Columns the transform produces, in the table's order, that the snapshot holds too: what is compared. */
  readonly comparedColumns: readonly string[];
  /** Columns that can be written: compared and audit columns. */
  readonly storedColumns: readonly string[];
  /** Filled by defaults and never compared. */
  readonly auditColumns: readonly string[];
  /** Columns that a replan carried into the plan; the old version of history has none of them. */
  readonly addedColumns: readonly AddedColumn[];
  /** Closed accounting periods that the interval changes. */
  readonly reopened: readonly ReopenedPeriod[];
  readonly viewColumns: readonly string[];
  /** Of the base table; the overlay carries the same policies. */
  readonly rowSecurity: RowSecurity;
  /** Base and overlay are read with the rights of the view's reader, and not of its owner. */
  readonly securityInvoker: boolean;
  readonly baseFingerprint: string;
  readonly plainViewFingerprint: string;
  readonly functionPrefix: string;
  readonly partitions: number;
  readonly batches: number;
  readonly estimate: Estimate;
  readonly warnings: readonly string[];
}
