import type { KeyRange } from '../domain/backfill-spec.ts';
import { addDays } from './iso-date.ts';

/** Days as a person writes them: both ends belong to the span. */
export interface DaySpan {
  readonly start: string;
  readonly end: string;
}

/** The span less its exclusions, as half-open ranges: sorted, disjoint, none of them empty. */
export function intervalOf(span: DaySpan, exclusions: readonly DaySpan[]): readonly KeyRange[] {
  const closed = addDays(span.end, 1);
  const gaps = exclusions
    .map(({ start, end }) => ({ start, end: addDays(end, 1) }))
    .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  const ranges: KeyRange[] = [];
  let open = span.start;
  for (const gap of gaps) {
    if (gap.start > open) ranges.push({ start: open, end: earlier(gap.start, closed) });
    if (gap.end > open) open = gap.end;
  }
  if (open < closed) ranges.push({ start: open, end: closed });
  return ranges;
}

function earlier(a: string, b: string): string {
  return a < b ? a : b;
}
