import { rounded } from '../support/spread.ts';
import type { PublicationFigures, ViewFigures } from './figures.ts';

export interface Target {
  readonly what: string;
  readonly limit: number;
  readonly measured: number;
  readonly unit: ' ms' | '×';
  readonly held: boolean;
}

/** After consolidation the view is the table: what is measured beyond this is noise of the machine. */
const EQUAL = 1.05;

/** What was promised against what was measured; the worst of what a target speaks of. */
export function judgeTargets(figures: PublicationFigures): readonly Target[] {
  const { switches, writers, views } = figures;
  const p99Of = (name: 'late' | 'today'): number => writers.find(({ write }) => write === name)?.p99Ratio.median ?? NaN;
  const worst = (pick: (view: ViewFigures) => number, keep: (view: ViewFigures) => boolean): number =>
    Math.max(...views.filter(keep).map(pick));
  const ratio = ({ ratio: { median } }: ViewFigures): number => median;
  const short = ({ read }: ViewFigures): boolean => read === 'point' || read === 'day';
  return [
    target(
      'reads that meet a switch, p99 more than control',
      50,
      ' ms',
      Math.max(...switches.map(({ reads }) => reads.difference.median)),
    ),
    target('reads that meet a change of shape, p99', 50, ' ms', figures.armingStallMs),
    target('rollback statement on an armed view, p99', 250, ' ms', figures.rollbackP99Ms),
    target('writes of today, p99', 1.15, '×', p99Of('today')),
    target('late writes, p99', 1.4, '×', p99Of('late')),
    ...(['settled', 'settled, no workers'] as const).map((shape) =>
      target(
        `${shape}: any read, prepared`,
        1.1,
        '×',
        worst(ratio, (one) => one.shape === shape && one.mode === 'prepared'),
      ),
    ),
    ...(['armed', 'armed, no workers'] as const).map((shape) =>
      target(
        `${shape}: any read, more`,
        0.4,
        ' ms',
        worst(
          ({ addedMs }) => addedMs.median,
          (one) => one.shape === shape,
        ),
      ),
    ),
    target(
      'armed: a point or a day, more',
      0.4,
      ' ms',
      worst(
        ({ addedMs }) => addedMs.median,
        (one) => one.shape === 'armed' && short(one),
      ),
    ),
    target(
      'after consolidation, any read',
      EQUAL,
      '×',
      worst(ratio, ({ shape }) => shape === 'consolidated'),
    ),
  ];
}

function target(what: string, limit: number, unit: Target['unit'], measured: number): Target {
  return { what, limit, measured: rounded(measured, 2), unit, held: measured <= limit };
}
