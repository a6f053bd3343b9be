import { markdownTable } from '../support/markdown-table.ts';
import type { OverheadFigures } from './figures.ts';

/** Two tables and a few sentences, readable in a terminal and in a Markdown page. */
export function renderFigures(figures: OverheadFigures): string {
  const { eventsPerDay, partitions, batches, rounds, lanes, milliseconds, claims } = figures;
  return [
    `${eventsPerDay.toLocaleString('en')} events a day, ${partitions} partitions in ${batches} batches, ${lanes} connections, ${rounds} rounds; medians, in brackets the smallest and the largest.`,
    markdownTable(
      ['', 'seconds', 'product by it', 'by processor time'],
      [
        ['bare SQL loop', seconds(milliseconds.bare), ...ratios(figures, 'ratioUnchecked')],
        ['SQL loop, same checks', seconds(milliseconds.checked), ...ratios(figures, 'ratioChecked')],
        ['product', seconds(milliseconds.product)],
      ],
    ),
    `Where it goes: milliseconds of a connection for each batch. The product took ${claims} claims.`,
    markdownTable(
      ['', 'bare loop', 'checked loop', 'product'],
      figures.perBatch.map(({ what, bare, checked, product }) => [what, one(bare), one(checked), one(product)]),
    ),
    ...processes(figures),
  ].join('\n\n');
}

function processes({ workerRssBytes, cpuMsPerBatch }: OverheadFigures): string[] {
  if (workerRssBytes === null || cpuMsPerBatch === null) return [];
  const { quarter, end } = workerRssBytes;
  const ofIt = (end / quarter).toFixed(2);
  return [
    `The worker's memory: ${mebibytes(quarter)} MiB after a quarter of the batches, ${mebibytes(end)} MiB after the last (${ofIt} of it). ` +
      `Processor time for each batch: worker ${one(cpuMsPerBatch.worker)} ms, Temporal server ${one(cpuMsPerBatch.temporal)} ms.`,
  ];
}

function ratios(figures: OverheadFigures, name: 'ratioUnchecked' | 'ratioChecked'): string[] {
  const { cpu } = figures;
  const byTime = ratio(figures[name], figures[`${name}Range`]);
  return [byTime, cpu === null ? 'not measured' : ratio(cpu[name], cpu[`${name}Range`])];
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}

function ratio(median: number, [min, max]: readonly [number, number]): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}

function one(value: number): string {
  return value.toFixed(1);
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
