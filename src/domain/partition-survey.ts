import { median } from './robust.ts';

/** What stands out among the partitions of a plan, and of whom nobody would have thought. */
export interface PartitionSurvey {
  /** Partitions that the planner was asked about; all of them up to two thousand. */
  readonly planned: number;
  /** Nothing is published in them: missing days. */
  readonly missing: Some;
  /** The corrected logic yields no row for them; looked at where the planner expects next to none. */
  readonly empty: Some;
  /** By the rows that the planner expects, far from others of their kind (weekday or weekend). */
  readonly outliers: readonly Outlier[];
  readonly eras: readonly EraSize[];
}

/** How many, and the first of them. */
export interface Some {
  readonly count: number;
  readonly first: readonly string[];
}

export interface Outlier {
  readonly partition: string;
  readonly rows: number;
  /** Of the median of its kind. */
  readonly times: number;
}

/** One version of the transform: from when on it is valid, and what it builds. */
export interface EraSize {
  readonly from: string;
  readonly file: string;
  readonly sha256: string;
  readonly partitions: number;
  readonly batches: number;
}

export interface PlannedSize {
  readonly start: string;
  readonly rows: number;
  /** Null where the grain is longer than a day. */
  readonly weekend: boolean | null;
}

/** Deviations (1.4826 × MAD): of the rows above the median, of their logarithm below it, where nothing can be further than its own size. */
const DEVIATIONS = 6 * 1.4826;
/** Where all are nearly equal, a deviation is nothing. */
const TIMES = 3;
const LISTED = 10;
/** Fewer have no median to speak of. */
const KIND_AT_LEAST = 5;

/** Partitions far from the median of their kind, the farthest first. Robust: what it looks for does not move what it compares with. */
export function outliers(sizes: readonly PlannedSize[]): readonly Outlier[] {
  const kinds = [null, false, true].map((kind) => sizes.filter(({ weekend }) => weekend === kind));
  return kinds
    .flatMap((kind) => (kind.length < KIND_AT_LEAST ? [] : outliersOf(kind)))
    .sort((a, b) => Math.abs(Math.log(b.times)) - Math.abs(Math.log(a.times)))
    .slice(0, LISTED);
}

function outliersOf(sizes: readonly PlannedSize[]): readonly Outlier[] {
  const rowsOf = sizes.map(({ rows }) => Math.max(1, rows));
  const middle = median(rowsOf);
  const above = middle + DEVIATIONS * median(rowsOf.map((rows) => Math.abs(rows - middle)));
  const below = middle * Math.exp(-DEVIATIONS * median(rowsOf.map((rows) => Math.abs(Math.log(rows / middle)))));
  return sizes.flatMap(({ start, rows }, index) => {
    const times = (rowsOf[index] ?? 1) / middle;
    const isFar = times > 1 ? times >= TIMES && rows > above : times <= 1 / TIMES && rows < below;
    return isFar ? [{ partition: start, rows, times }] : [];
  });
}
