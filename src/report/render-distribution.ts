import type { DeltaBucket } from '../domain/delta-distribution.ts';
import { deltaBuckets } from '../domain/delta-distribution.ts';
import { bucketInWords, deltaChart } from './bar-chart.ts';
import { formatDelta } from './decimal.ts';
import type { Markup } from './markup.ts';
import { markup, NOTHING } from './markup.ts';
import type { Report } from './report.ts';
import type { Column } from './table.ts';
import { table } from './table.ts';
import { counted, formatCount, formatShare } from './words.ts';

/** How far single rows move: a correction of many small amounts is another thing than one of a few large ones. */
export function renderDistribution({ figures, headlineMeasure: measure }: Report): Markup {
  const buckets = deltaBuckets(figures.deltas);
  if (buckets.length === 0 || measure === null) return NOTHING;
  const rows = buckets.reduce((sum, bucket) => sum + bucket.rows, 0);
  return markup`<h3 id="distribution">How far single rows move</h3>
<figure>
<figcaption>${counted(rows, 'row')} that differ, by the change of ${measure} in each; a bar is named by where it begins, away from zero, and each is ten times as wide as the one before.</figcaption>
${deltaChart('chart-rows', measure, buckets)}</figure>
${table(`Rows by their change of ${measure}`, columnsOf(rows), buckets, '')}`;
}

function columnsOf(all: number): readonly Column<DeltaBucket>[] {
  return [
    { head: 'Change of a row', kind: 'word', cell: bucketInWords },
    { head: 'Rows', kind: 'number', cell: ({ rows }) => formatCount(rows) },
    { head: 'Share of rows', kind: 'number', cell: ({ rows }) => formatShare(all === 0 ? 0 : rows / all) },
    { head: 'Together', kind: 'number', cell: ({ delta }) => formatDelta(delta) },
  ];
}
