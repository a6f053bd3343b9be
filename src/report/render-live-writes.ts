import { describeLiveWrites } from '../domain/live-writes.ts';
import type { Amendment } from '../ledger/amendments.ts';
import { subtractDecimals } from '../domain/decimal.ts';
import { formatDecimal, formatDelta } from './decimal.ts';
import type { Markup } from './markup.ts';
import { markup } from './markup.ts';
import type { Report } from './report.ts';
import type { Column } from './table.ts';
import { table } from './table.ts';
import { counted, formatCount, formatInstant } from './words.ts';

/** What the live pipeline did to the interval meanwhile: reported apart, never blamed on the correction. */
export function renderLiveWrites({ liveWrites, measures, figures }: Report): Markup {
  const names = measures.map((measure) => measure.name);
  const moved = Object.entries(liveWrites.moved).filter(([, amount]) => Number(amount) !== 0);
  const movedText =
    moved.length === 0
      ? 'No measure moved.'
      : `Moved in all: ${moved.map(([name, amount]) => `${name} by ${formatDecimal(trimZeros(amount))}`).join(', ')}.`;
  return markup`<h2 id="live-writes">Live writes</h2>
<p>Between the snapshot and the evidence the live pipeline wrote ${counted(liveWrites.rows, 'row')} of the interval${changedBy(figures.liveMeasures)}. Since the evidence, ${counted(liveWrites.amendedPartitions, 'partition')} were rebuilt because of live writes (an approval covers up to ${formatCount(liveWrites.allowedPartitions)}, and ${liveWrites.allowedMeasurePercent}% of any measure). ${movedText} ${liveWrites.openMarks === 0 ? 'Nothing waits to be rebuilt.' : `${counted(liveWrites.openMarks, 'mark')} of live writes wait to be rebuilt.`}</p>
<p>As of ${formatInstant(liveWrites.lag.at)}: ${describeLiveWrites(liveWrites.lag)}.</p>
${renderAmendments(
  'Partitions rebuilt since the evidence, and how far each measure moved',
  liveWrites.amendments,
  names,
  'No partition was rebuilt since the evidence.',
)}`;
}

/** What those rows add to each measure: written, not corrected, so no part of the correction's delta. */
function changedBy(measures: Report['figures']['liveMeasures']): string {
  const changed = Object.entries(measures).map(([name, { old, new: now }]) => ({
    name,
    by: subtractDecimals(now, old),
  }));
  const told = changed.filter(({ by }) => Number(by) !== 0).map(({ name, by }) => `${name} by ${formatDelta(by)}`);
  return told.length === 0 ? '' : `, which changed ${told.join(', ')}`;
}

/** One row a partition: how often it was rebuilt, and where that took each measure. */
export function renderAmendments(
  caption: string,
  amendments: readonly Amendment[],
  measures: readonly string[],
  none: string,
): Markup {
  return table(
    caption,
    [
      { head: 'Partition', kind: 'word', cell: ({ partition }) => partition },
      { head: 'Rebuilt', kind: 'number', cell: ({ rebuilds }) => formatCount(rebuilds) },
      ...measures.flatMap((name): Column<Amendment>[] => [
        {
          head: `${name}, before`,
          kind: 'number',
          cell: ({ before }) => formatDecimal(trimZeros(before[name] ?? '–')),
        },
        { head: 'moved by', kind: 'number', cell: ({ moved }) => formatDelta(trimZeros(moved[name] ?? '–')) },
      ]),
    ],
    amendments,
    none,
  );
}

/** Two decimals are always shown, and what is beyond them where it is not zero. */
function trimZeros(amount: string): string {
  return amount.replace(/(\.\d{2}\d*?)0+$/, '$1');
}
