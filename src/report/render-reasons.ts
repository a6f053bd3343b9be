import type { ChangedRow } from '../ledger/changed-rows.ts';
import { subtractDecimals } from '../domain/decimal.ts';
import { formatDecimal, formatDelta } from './decimal.ts';
import type { Markup } from './markup.ts';
import { markup } from './markup.ts';
import type { Report } from './report.ts';
import type { Column } from './table.ts';
import { renderAttribution } from './render-attribution.ts';
import { table } from './table.ts';
import { counted, formatCount } from './words.ts';

/** Why it changes: named reasons with their rows, and the rows that change most. */
export function renderReasons({ reason, figures, explanations, changedRows }: Report): Markup {
  const rows = [
    ...explanations.map(({ name, condition, rows: count }) => ({ name, condition, count })),
    { name: 'no named reason', condition: '', count: figures.unexplained },
  ];
  return markup`<h2 id="reasons">Why it changes</h2>
<p>${reason.change} (${reason.issue}).</p>
${table(
  'Changed rows by the first named reason that holds for them',
  [
    {
      head: 'Reason',
      cell: ({ name, count }) =>
        name === 'no named reason' && count > 0 ? markup`<span class="warn">${name}</span>` : name,
    },
    { head: 'Rows', kind: 'number', cell: ({ count }) => formatCount(count) },
    { head: 'Holds when', cell: ({ condition }) => (condition === '' ? '' : markup`<code>${condition}</code>`) },
  ],
  rows,
  '',
)}
${renderAttribution(figures)}<h3>The rows that change most</h3>
${table(
  `The ${counted(changedRows.rows.length, 'largest change')} of ${changedRows.measure} in a single row, from the hundred largest of every batch`,
  rowColumns(changedRows.keyColumns),
  changedRows.rows,
  'No changed row is recorded yet.',
)}`;
}

function rowColumns(keyColumns: readonly string[]): readonly Column<ChangedRow>[] {
  return [
    ...keyColumns.map((column): Column<ChangedRow> => ({
      head: column,
      kind: 'word',
      cell: ({ key }) => keyText(key[column]),
    })),
    { head: 'Row is', kind: 'word', cell: (row) => row.class },
    { head: 'Old', kind: 'number', cell: (row) => (row.old === null ? '–' : formatDecimal(row.old)) },
    { head: 'New', kind: 'number', cell: (row) => (row.new === null ? '–' : formatDecimal(row.new)) },
    { head: 'Change', kind: 'number', cell: (row) => formatDelta(subtractDecimals(row.new ?? '0', row.old ?? '0')) },
    { head: 'Reason', cell: ({ explanation }) => explanation ?? markup`<span class="warn">none named</span>` },
  ];
}

function keyText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}
