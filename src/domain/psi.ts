/** A bucket that is empty on one side counts as this share: without it one new bucket would be infinitely far away. */
const EMPTY_SHARE = 0.0001;

/**
 * Population stability index of two distributions: the sum of (now − before) × ln(now ÷ before) over all buckets of either.
 * 0: the same. By custom below 0.1 nothing moved, above 0.2 something did.
 */
export function populationStability(
  before: Readonly<Record<string, number>>,
  now: Readonly<Record<string, number>>,
): number {
  const buckets = new Set([...Object.keys(before), ...Object.keys(now)]);
  let sum = 0;
  for (const bucket of buckets) {
    const expected = Math.max(EMPTY_SHARE, share(before, bucket));
    const actual = Math.max(EMPTY_SHARE, share(now, bucket));
    sum += (actual - expected) * Math.log(actual / expected);
  }
  return sum;
}

function share(shares: Readonly<Record<string, number>>, bucket: string): number {
  return Object.hasOwn(shares, bucket) ? (shares[bucket] ?? 0) : 0;
}

/** Shares may miss 1 by what rounding to four digits of a few dozen buckets makes of them. */
const SUM_MISSES_BY = 0.01;

/** Why the shares of a histogram are none; null where they are. */
export function histogramProblem(rows: readonly { readonly share: number | null }[]): string | null {
  if (rows.length === 0) return 'no data: it yields no bucket';
  if (rows.some(({ share: one }) => one === null || !Number.isFinite(one) || one < 0))
    return 'a share is NULL, NaN or negative';
  const sum = rows.reduce((total, { share: one }) => total + (one ?? 0), 0);
  return Math.abs(sum - 1) <= SUM_MISSES_BY ? null : `its shares add up to ${sum.toFixed(4)} instead of 1`;
}
