/** What several rounds of one measurement say. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Throws where there is nothing to look at: a figure without a measurement behind it must not be reported. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const [min] = sorted;
  const max = sorted.at(-1);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.ceil((sorted.length - 1) / 2)];
  if (min === undefined || max === undefined || low === undefined || high === undefined)
    throw new Error('no round was measured');
  return { median: (low + high) / 2, min, max };
}

/** A figure as it is reported: three digits behind the point say all that a few rounds can. */
export function rounded(value: number, digits = 3): number {
  return Number(value.toFixed(digits));
}
