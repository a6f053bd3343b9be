import type { Check } from './verdict.ts';

/** A closed partition after the interval: what the fixed pipeline wrote against what the corrected logic gives today. */
export interface SeamPartition {
  readonly partition: string;
  /** It has been over for less time than it lasted. */
  readonly fresh: boolean;
  /** Rows that the pipeline wrote. */
  readonly rows: number;
  /** Keys whose rows differ, or that only one side has. */
  readonly differing: number;
  /** By compared column: rows in which it differs. */
  readonly columns: Readonly<Record<string, number>>;
}

/** A row in which the two differ: every column that does, as text on both sides. `missing`: the side that has no such row. */
export interface SeamRow {
  readonly partition: string;
  readonly key: Readonly<Record<string, string | null>>;
  readonly missing: 'published' | 'corrected' | null;
  readonly columns: Readonly<Record<string, { readonly published: string | null; readonly corrected: string | null }>>;
}

const LIMIT = 'row for row what the live pipeline wrote after the interval';

/**
 * Equal everywhere proves that the contract's corrected logic is the deployed code; no partition proves nothing. What
 * ended by the clock only just now refutes nothing either: pipelines write a partition for a while after its end.
 */
export function judgeSeam(partitions: readonly SeamPartition[]): Check {
  const check = (verdict: Check['verdict'], figure: string): Check => {
    return { name: 'seam', level: 'proof', verdict, figure, limit: LIMIT };
  };
  if (partitions.length === 0)
    return check('inconclusive', 'no closed partition after the interval has rows to compare with');
  const broken = partitions.filter(({ differing }) => differing > 0);
  if (broken.length > 0 && broken.every(({ fresh }) => fresh))
    return check('inconclusive', `${broken.map(describe).join('; ')}; it ended so lately that it may be written yet`);
  if (broken.length > 0) return check('fail', broken.map(describe).join('; '));
  const rows = partitions.reduce((sum, one) => sum + one.rows, 0);
  return check('pass', `${rows} rows equal in ${partitions.map(({ partition }) => partition).join(', ')}`);
}

function describe({ partition, differing, rows, columns }: SeamPartition): string {
  return `${differing} rows differ in partition ${partition}, which holds ${rows} (${columnCounts(columns)})`;
}

/** A sentence names this many columns; of a table with a hundred the others are counted. */
const COLUMNS_NAMED = 5;

/** `net in 4, tax in 1`: largest first; `keys` where whole rows are missing or added. */
export function columnCounts(columns: Readonly<Record<string, number>>): string {
  const counted = Object.entries(columns)
    .filter(([, count]) => count > 0)
    .sort(([a, left], [b, right]) => right - left || (a < b ? -1 : 1));
  const named = counted.slice(0, COLUMNS_NAMED).map(([column, count]) => `${column} in ${count}`);
  const others = counted.length - named.length;
  return [...named, ...(others > 0 ? [`${others} more columns`] : [])].join(', ');
}
