import type { DeltaCounts } from './delta-distribution.ts';

/** Totals of one measure over old rows, new rows, and what live writes alone changed. Decimal text, exact. */
export interface MeasureTotals {
  readonly old: string;
  readonly new: string;
}

/** What one pass over snapshot, shadow and base found in a batch or in the whole run. Counts are exact. */
export interface ReconciliationFigures {
  readonly partitionsPlanned: number;
  readonly partitionsBuilt: number;
  readonly rowsOld: number;
  readonly rowsNew: number;
  readonly rowsSame: number;
  readonly rowsChanged: number;
  readonly rowsAdded: number;
  readonly rowsRemoved: number;
  /** Keys where the base differs from the snapshot: written by the live pipeline, kept out of every other figure. */
  readonly rowsLive: number;
  /** Over those rows alone: as the snapshot kept them, as the base has them. */
  readonly liveMeasures: Readonly<Record<string, MeasureTotals>>;
  readonly duplicateKeys: number;
  /** Batches in whose check no unique index held the shadow to the unique key. */
  readonly uniqueIndexMissing: number;
  /** Rows of the shadow that no checkpoint counted, or fewer than were counted, or of another run. */
  readonly rowsOutside: number;
  /** By required column: rows in which it is null. */
  readonly nulls: Readonly<Record<string, number>>;
  readonly measures: Readonly<Record<string, MeasureTotals>>;
  /** By source total: the largest absolute difference of any partition. */
  readonly sourceDifferences: Readonly<Record<string, string>>;
  /** By named explanation: changed rows it explains; rows that none explains. */
  readonly explained: Readonly<Record<string, number>>;
  readonly unexplained: number;
  /** Rows that differ within the tolerances of their columns, and no further. */
  readonly rowsTolerated: number;
  /** By column: what those differences add up to, with signs and without. */
  readonly tolerated: Readonly<Record<string, { readonly signed: string; readonly absolute: string }>>;
  /** Changed rows by how far each moves the contract's first sum. */
  readonly deltas: DeltaCounts;
  /** Rows that more than one explanation holds for, by these: `a + b`. */
  readonly overlaps: Readonly<Record<string, number>>;
  /** Changed rows by the columns that changed in them: the most frequent sets. */
  readonly signatures: Readonly<Record<string, number>>;
  /** By measure that is a sum: its change by piece (`explained:<name>`, `unexplained`, `tolerated`, `live`) and in `total`, live rows included. */
  readonly attribution: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The same of rows that are compared, without signs. */
  readonly absolute: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Measures of floating point: their sums depend on the order in which they were added up. */
  readonly inexact: readonly string[];
  /** By measure that a range is expected of for single partitions: those outside it. */
  readonly partitionsOutside: Readonly<Record<string, number>>;
  /** By source total: partitions that it has no figure for. */
  readonly sourceMissing: Readonly<Record<string, number>>;
  /** By column that was added with a constant: base rows that hold something else. Only where there are such columns. */
  readonly constantsLost?: Readonly<Record<string, number>>;
}
