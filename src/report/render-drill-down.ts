import type { DrillDown, DrilledValue } from '../domain/drill-down.ts';
import { formatDelta } from './decimal.ts';
import type { Markup } from './markup.ts';
import { markup, NOTHING } from './markup.ts';
import type { Report } from './report.ts';
import type { Column } from './table.ts';
import { table } from './table.ts';
import { counted, formatCount, formatShare } from './words.ts';

/** Where the change sits: each dimension of the contract, the values that move most first. */
export function renderDrillDowns({ drillDowns }: Report): Markup {
  if (drillDowns.length === 0) return NOTHING;
  return markup`<h3 id="drill-down">Where it changes</h3>
<p>Shares of the change leave signs out. Lift is the share of the change by the share of rows: 1 where a value moves as everything does, more where the change sits.</p>
${drillDowns.map(renderOne)}`;
}

type Line = DrilledValue & { readonly name: string };

function renderOne({ dimension, measure, values, others }: DrillDown): Markup {
  if (values === null) return markup`<p class="soft">${dimension} has too many values to be listed.</p>\n`;
  const lines: readonly Line[] = [
    ...values.map((one) => ({ ...one, name: one.value ?? 'null' })),
    ...(others === null ? [] : [{ ...others, value: null, name: counted(others.values, 'other value') }]),
  ];
  return table(
    `Change of ${measure} by ${dimension}`,
    columnsOf(dimension),
    lines,
    `No row of any ${dimension} was compared.`,
  );
}

function columnsOf(dimension: string): readonly Column<Line>[] {
  return [
    { head: dimension, kind: 'word', cell: ({ name }) => name },
    { head: 'Rows', kind: 'number', cell: ({ rows }) => formatCount(rows) },
    { head: 'Share of rows', kind: 'number', cell: ({ shareOfRows }) => formatShare(shareOfRows) },
    { head: 'Change', kind: 'number', cell: ({ delta }) => formatDelta(delta) },
    {
      head: 'Share of change',
      kind: 'number',
      cell: ({ shareOfDelta }) => (shareOfDelta === null ? '–' : formatShare(shareOfDelta)),
    },
    { head: 'Lift', kind: 'number', cell: ({ lift }) => (lift === null ? '–' : lift.toFixed(2)) },
  ];
}
