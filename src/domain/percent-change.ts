import type { PercentRange } from './backfill-spec.ts';
import type { MeasureTotals } from './reconciliation-figures.ts';

/** New against old in percent; null when there was nothing to compare with and something came. */
export function percentChange({ old, new: now }: MeasureTotals): number | null {
  const before = Number(old);
  const after = Number(now);
  if (before === after) return 0;
  return before === 0 ? null : ((after - before) / Math.abs(before)) * 100;
}

/** Asked for the inside, because NaN is neither below nor above. */
export function isInside(percent: number | null, range: PercentRange): boolean {
  return percent !== null && percent >= range.low && percent <= range.high;
}

export function formatPercent(percent: number | null): string {
  if (percent === null) return 'from nothing';
  return Number.isFinite(percent) ? `${percent >= 0 ? '+' : ''}${percent.toFixed(3)}%` : 'no number';
}
