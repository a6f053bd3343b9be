import type { DeltaLevel, PercentRange } from '../domain/backfill-spec.ts';
import { renderDistribution } from './render-distribution.ts';
import { changeChart, valueChart } from './chart-svg.ts';
import { isUnchanged } from './comparison.ts';
import { formatDecimal, formatDelta } from './decimal.ts';
import type { Markup } from './markup.ts';
import { markup, NOTHING } from './markup.ts';
import type { Comparison, MeasureReport, Report } from './report.ts';
import type { Column } from './table.ts';
import { table } from './table.ts';
import { counted, formatChange, formatCount, formatRange } from './words.ts';

/** What changes: every measure in all, by month and along the partitions; rows by class. */
export function renderChanges(report: Report): Markup {
  const { figures, measures } = report;
  const rows = [
    { name: 'unchanged', count: figures.rowsSame },
    { name: 'changed', count: figures.rowsChanged },
    { name: 'added', count: figures.rowsAdded },
    { name: 'removed', count: figures.rowsRemoved },
    { name: 'written by the live pipeline meanwhile, not compared', count: figures.rowsLive },
  ];
  return markup`<h2 id="changes">What changes</h2>
${table('Every measure over the whole interval', MEASURE_COLUMNS, measures, 'The contract names no measure.')}
${table(
  'Rows',
  [
    { head: 'Rows', cell: ({ name }) => name },
    { head: 'Count', kind: 'number', cell: ({ count }) => formatCount(count) },
  ],
  rows,
  '',
)}
${measures.map((measure, index) => renderMeasure(report, measure, index))}${renderDistribution(report)}`;
}

const COMPARISON_COLUMNS: readonly Column<Comparison>[] = [
  { head: 'Old', kind: 'number', cell: (one) => formatDecimal(one.old) },
  { head: 'New', kind: 'number', cell: (one) => formatDecimal(one.new) },
  { head: 'Change', kind: 'number', cell: (one) => formatDelta(one.delta) },
  { head: 'Change in %', kind: 'number', cell: (one) => formatChange(one.percent) },
];

const MEASURE_COLUMNS: readonly Column<MeasureReport>[] = [
  { head: 'Measure', cell: ({ name, expression }) => markup`${name} <code>${expression}</code>` },
  ...COMPARISON_COLUMNS,
  {
    head: 'Expected',
    kind: 'number',
    cell: ({ expected }) => (expected.run === undefined ? 'no range set' : formatRange(expected.run)),
  },
];

const MONTH_COLUMNS: readonly Column<MeasureReport['months'][number]>[] = [
  { head: 'Month', kind: 'word', cell: ({ month }) => month },
  ...COMPARISON_COLUMNS,
];

function renderMeasure(report: Report, measure: MeasureReport, index: number): Markup {
  const { name, months, points } = measure;
  if (isUnchanged(measure) && [...months, ...points].every(isUnchanged))
    return markup`<h3>${name}</h3>
<p>The same in every month and every partition: ${formatDecimal(measure.old)} in all.</p>
`;
  const band = plottedBand(measure.expected, report);
  const input = { id: `chart-${index}`, measure: name, points, band: band?.range ?? null };
  const unit = pointUnit(report);
  return markup`<h3>${name}</h3>
${monthChart(measure, `chart-${index}-months`, report)}${
    points.length === 0
      ? NOTHING
      : markup`<figure>
<figcaption>${name} for ${unit}: old dashed, new solid${band === null ? '' : `, the range expected for each ${band.level} shaded`}. The axis does not begin at zero.</figcaption>
${valueChart({ ...input, id: `${input.id}-values` })}</figure>
<figure>
<figcaption>Change of ${name} in percent for ${unit}${band === null ? '; no range was set' : `; expected for each ${band.level}: ${formatRange(band.range)}, shaded`}.</figcaption>
${changeChart({ ...input, id: `${input.id}-change` })}</figure>
`
  }${table(`${name} by month`, MONTH_COLUMNS, months, 'No month has been compared yet.')}
<p class="soft">${sourceNote(report)}</p>
`;
}

/** Where there are many points, months show what a line of them cannot. */
function monthChart({ name, months, points, expected }: MeasureReport, id: string, { seriesFrom }: Report): Markup {
  if (months.length < 3 || points.length < 2 * months.length || seriesFrom !== 'tables') return NOTHING;
  const range = expected.run ?? null;
  return markup`<figure>
<figcaption>${name} by month: old dashed, new solid${range === null ? '' : ', the range expected for the whole run shaded'}. The axis does not begin at zero.</figcaption>
${valueChart({ id, measure: `${name} by month`, points: months.map(({ month, ...one }) => ({ ...one, start: month, end: nextMonth(month) })), band: range })}</figure>
`;
}

function nextMonth(month: string): string {
  const [year = 0, number = 0] = month.split('-').map(Number);
  return number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, '0')}`;
}

/** The range that fits what a point is: of a partition where one is set, else of the next larger unit. */
function plottedBand(
  expected: MeasureReport['expected'],
  report: Report,
): { readonly level: DeltaLevel; readonly range: PercentRange } | null {
  const levels: readonly DeltaLevel[] =
    report.seriesFrom === 'tables' && report.perPoint === 1 ? ['partition', 'batch', 'run'] : ['batch', 'run'];
  for (const level of levels) {
    const range = expected[level];
    if (range !== undefined) return { level, range };
  }
  return null;
}

function pointUnit({ seriesFrom, perPoint }: Report): string {
  const unit = seriesFrom === 'tables' ? 'partition' : 'batch';
  return perPoint === 1
    ? `each ${unit}`
    : `every ${counted(perPoint, unit, seriesFrom === 'tables' ? 'partitions' : 'batches')}`;
}

function sourceNote({ seriesFrom, figures }: Report): string {
  if (seriesFrom === 'batches')
    return 'Months and points are added up from the recorded figures of the batches, because the compared tables are gone; a batch counts whole into the month it begins in.';
  return figures.rowsLive === 0
    ? 'Months and points are read from the compared tables themselves.'
    : `Months and points are read from the compared tables themselves, so they contain the ${counted(figures.rowsLive, 'row')} that the live pipeline wrote meanwhile; the totals over the whole interval do not.`;
}
