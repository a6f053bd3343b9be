/** What one sample was measured at, by the rows that its scans really yielded. */
export interface Measured {
  readonly rows: number;
  readonly value: number;
}

/**
 * The samples' value over all partitions: so much a partition and so much a row, by least squares, times partitions and
 * rows. Where a line would go below zero, or the samples are all of one size, so much a row alone. A ratio alone is off
 * where partitions differ tenfold and each reads a reference table or an index of its own.
 */
export function scaleSamples(
  samples: readonly Measured[],
  all: { readonly partitions: number; readonly rows: number },
): number {
  const count = samples.length;
  if (count === 0) return 0;
  const sum = (pick: (sample: Measured) => number): number => samples.reduce((total, one) => total + pick(one), 0);
  const rows = sum((one) => one.rows);
  const values = sum((one) => one.value);
  if (rows === 0) return (values / count) * all.partitions;
  const [meanRows, mean] = [rows / count, values / count];
  const spread = sum((one) => (one.rows - meanRows) ** 2);
  const slope = spread === 0 ? 0 : sum((one) => (one.rows - meanRows) * (one.value - mean)) / spread;
  const base = mean - slope * meanRows;
  return slope > 0 && base >= 0 ? base * all.partitions + slope * all.rows : (values / rows) * all.rows;
}
