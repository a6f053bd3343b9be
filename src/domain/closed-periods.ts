import type { KeyRange } from './backfill-spec.ts';

/** An accounting period whose books are closed: days, the last one included. */
export interface ClosedPeriod {
  readonly name: string;
  readonly start: string;
  readonly end: string;
  /** Who has to approve, beside the dataset's own approver, what changes it. */
  readonly approver: string;
}

/** A closed period that an interval changes. */
export interface ReopenedPeriod extends ClosedPeriod {
  /** What of it lies in the interval, half-open, in days. */
  readonly ranges: readonly KeyRange[];
}

/** The closed periods that an interval of half-open ranges of days reaches into, in the order in which they are declared. */
export function reopenedPeriods(
  periods: readonly ClosedPeriod[],
  interval: readonly KeyRange[],
  dayAfter: (day: string) => string,
): readonly ReopenedPeriod[] {
  return periods.flatMap((period): readonly ReopenedPeriod[] => {
    const after = dayAfter(period.end);
    const ranges = interval.flatMap(({ start, end }): readonly KeyRange[] => {
      const common = { start: start > period.start ? start : period.start, end: end < after ? end : after };
      return common.start < common.end ? [common] : [];
    });
    return ranges.length === 0 ? [] : [{ ...period, ranges }];
  });
}
