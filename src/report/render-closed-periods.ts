import { formatDecimal, formatDelta } from './decimal.ts';
import type { Markup } from './markup.ts';
import { markup, NOTHING } from './markup.ts';
import type { Report, RestatedPeriod } from './report.ts';
import { table } from './table.ts';
import { listed } from './words.ts';

/** Periods whose books are closed and which the correction changes: who has to approve that, and by how much. */
export function renderClosedPeriods({ plan, closedPeriods }: Report): Markup {
  if (plan.reopened.length === 0) return NOTHING;
  const names = plan.reopened.map(({ name, start, end, approver }) => `${name} (${start} to ${end}): ${approver}`);
  return markup`<h3 id="closed-periods">Closed periods that are reopened</h3>
<p>The correction changes periods whose books are closed. Beside an approver of the dataset, these have to approve: ${listed(names)}.</p>
${table(
  'Restated amounts of closed periods, live writes included',
  [
    { head: 'Period', kind: 'word', cell: ({ name }) => name },
    { head: 'Measure', kind: 'word', cell: ({ measure }) => measure },
    { head: 'Old', kind: 'number', cell: (line) => formatDecimal(line.old) },
    { head: 'New', kind: 'number', cell: (line) => formatDecimal(line.new) },
    { head: 'Restated by', kind: 'number', cell: ({ difference }) => formatDelta(difference) },
  ],
  linesOf(closedPeriods),
  'The amounts are known once the whole run is reconciled.',
)}`;
}

interface Line {
  readonly name: string;
  readonly measure: string;
  readonly old: string;
  readonly new: string;
  readonly difference: string;
}

function linesOf(periods: readonly RestatedPeriod[]): readonly Line[] {
  return periods.flatMap(({ name, measures }) =>
    Object.entries(measures).map(([measure, amounts]) => ({ name, measure, ...amounts })),
  );
}
