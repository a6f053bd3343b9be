import { markdownTable } from '../support/markdown-table.ts';
import type { ScaleRun } from './measured.ts';

export interface ScaleFigures {
  /** Of the larger run. */
  readonly partitions: number;
  /** The longest history of any run of either workflow. */
  readonly maxEventsPerRun: number;
  /** Peak memory of the worker in the larger run by that in the smaller; null where the system does not tell. */
  readonly rssRatio: number | null;
  /** Time of a batch in the last tenth of the larger run by that in its first. */
  readonly costDriftRatio: number;
  /** Time of a batch in the larger run by that in the smaller. */
  readonly costBySizeRatio: number;
}

export function figuresOf(small: ScaleRun, large: ScaleRun): ScaleFigures {
  const memory = [small.peakRssBytes, large.peakRssBytes] as const;
  return {
    partitions: large.partitions,
    maxEventsPerRun: Math.max(...small.runs, ...large.runs),
    rssRatio: memory[0] === null || memory[1] === null ? null : memory[1] / memory[0],
    costDriftRatio: large.lastTenth / large.firstTenth,
    costBySizeRatio: large.milliseconds / large.batches / (small.milliseconds / small.batches),
  };
}

function mebibytes(bytes: number | null): string {
  return bytes === null ? '–' : (bytes / 2 ** 20).toFixed(0);
}

export function renderScale(small: ScaleRun, large: ScaleRun): string {
  const figures = figuresOf(small, large);
  const row = (run: ScaleRun): string[] => [
    run.partitions.toLocaleString('en'),
    String(run.batches),
    (run.milliseconds / 1000).toFixed(1),
    (run.milliseconds / run.batches).toFixed(1),
    run.firstTenth.toFixed(1),
    run.lastTenth.toFixed(1),
    String(run.runs.length),
    String(Math.max(...run.runs)),
    mebibytes(run.peakBuildingBytes),
    mebibytes(run.peakRssBytes),
  ];
  const memory = figures.rssRatio === null ? 'was not measured' : `× ${figures.rssRatio.toFixed(2)}`;
  return [
    markdownTable(
      [
        'partitions',
        'batches',
        'seconds',
        'ms a batch',
        'first tenth',
        'last tenth',
        'histories',
        'longest, events',
        'worker, MiB: building',
        'at most',
      ],
      [row(small), row(large)],
    ),
    `From ${small.partitions.toLocaleString('en')} to ${large.partitions.toLocaleString('en')} partitions: peak memory of the worker ${memory}, time of a batch × ${figures.costBySizeRatio.toFixed(2)}; within the larger run, a batch of the last tenth took ${figures.costDriftRatio.toFixed(2)} of one of the first.`,
  ].join('\n\n');
}
