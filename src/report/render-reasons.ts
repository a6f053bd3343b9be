import type { ComparedRow } from '../domain/comparison.ts';
import { subtractDecimals } from '../domain/decimal.ts';
import { formatDecimal, formatDelta } from './decimal.ts';
import type { Markup } from './markup.ts';
import { markup } from './markup.ts';
import type { Report } from './report.ts';
import type { Column } from './table.ts';
import { renderAttribution } from './render-attribution.ts';
import { renderDrillDowns } from './render-drill-down.ts';
import { table } from './table.ts';
import { counted, formatCount } from './words.ts';

/** Why it changes: named reasons with their rows, and the rows that change most. */
export function renderReasons(report: Report): Markup {
  const { reason, figures, explanations, changedRows, examples } = report;
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
${renderAttribution(figures)}${renderDrillDowns(report)}<h3>The rows that change most</h3>
${table(
  `The ${counted(changedRows.rows.length, 'largest change')} of ${changedRows.measure} in a single row, from the hundred largest of every batch`,
  rowColumns(changedRows.keyColumns),
  changedRows.rows,
  'No changed row is recorded yet.',
)}<h3>Examples</h3>
<p class="soft">Drawn by the smallest hashes of their keys, so the same whenever they are drawn. They illustrate, and decide nothing.</p>
${table('Rows that change', rowColumns(changedRows.keyColumns), examples.changed, 'No row that changes was drawn.')}
${table('Rows that stay as they are', sameColumns(changedRows), examples.unchanged, 'No row that stays as it is was drawn.')}`;
}

function keyCells(keyColumns: readonly string[]): readonly Column<ComparedRow>[] {
  return keyColumns.map((column) => ({ head: column, kind: 'word', cell: ({ key }) => keyText(key[column]) }));
}

function sameColumns({ keyColumns, measure }: Report['changedRows']): readonly Column<ComparedRow>[] {
  return [
    ...keyCells(keyColumns),
    { head: measure, kind: 'number', cell: (row) => (row.new === null ? '–' : formatDecimal(row.new)) },
  ];
}

function rowColumns(keyColumns: readonly string[]): readonly Column<ComparedRow>[] {
  return [
    ...keyCells(keyColumns),
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
