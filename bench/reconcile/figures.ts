import { markdownTable } from '../support/markdown-table.ts';
import { rounded, spreadOf } from '../support/spread.ts';

/** One round: all batches, each rebuilt and then checked. */
export interface RoundTimes {
  readonly rebuildMs: number;
  readonly checkMs: number;
  readonly batches: number;
}

export interface ReconcileFigures {
  readonly eventsPerDay: number;
  readonly partitions: number;
  readonly batches: number;
  readonly rounds: number;
  /** The check of a batch by its rebuild: median of the rounds, each ratio taken within one. */
  readonly ratioToBuild: number;
  readonly ratioToBuildRange: readonly [min: number, max: number];
  /** Medians. */
  readonly millisecondsPerBatch: { readonly rebuild: number; readonly check: number };
}

export function figuresOf(
  setting: { readonly eventsPerDay: number; readonly partitions: number },
  rounds: readonly RoundTimes[],
): ReconcileFigures {
  const ratio = spreadOf(rounds.map(({ rebuildMs, checkMs }) => checkMs / rebuildMs));
  const each = (of: (round: RoundTimes) => number): number =>
    rounded(spreadOf(rounds.map((round) => of(round) / round.batches)).median, 1);
  return {
    ...setting,
    batches: rounds[0]?.batches ?? 0,
    rounds: rounds.length,
    ratioToBuild: rounded(ratio.median),
    ratioToBuildRange: [rounded(ratio.min), rounded(ratio.max)],
    millisecondsPerBatch: { rebuild: each(({ rebuildMs }) => rebuildMs), check: each(({ checkMs }) => checkMs) },
  };
}

export function renderFigures(figures: ReconcileFigures): string {
  const { eventsPerDay, partitions, batches, rounds, ratioToBuild, ratioToBuildRange } = figures;
  const { rebuild, check } = figures.millisecondsPerBatch;
  const [min, max] = ratioToBuildRange;
  return [
    `${eventsPerDay.toLocaleString('en')} events a day, ${partitions} partitions in ${batches} batches, one connection, ${rounds} rounds; medians, in brackets the smallest and the largest.`,
    markdownTable(
      ['', 'milliseconds a batch', 'by the rebuild'],
      [
        ['rebuild: delete and insert', rebuild.toFixed(1), '1.00'],
        [
          'check, with evidence and verdict',
          check.toFixed(1),
          `${ratioToBuild.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`,
        ],
      ],
    ),
  ].join('\n\n');
}
