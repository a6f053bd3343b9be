import { percentile } from '../support/percentile.ts';
import type { Spread } from '../support/spread.ts';
import { rounded, spreadOf } from '../support/spread.ts';
import type { WriteName } from './captured-writes.ts';
import { WRITES } from './captured-writes.ts';
import type { LoopDelay } from './loop-delay.ts';
import type { Measured } from './measured.ts';
import type { ReadName } from './reads.ts';
import { READ_NAMES } from './reads.ts';
import type { SwitchFigures, Times } from './switch-figures.ts';
import { roundedSpread, switchFigures, timesOf } from './switch-figures.ts';
import type { Mode, Shape } from './view-reads.ts';
import { MODES, SHAPES } from './view-reads.ts';

/** What the bench answers. Where there are two conditions, the plain figures are those of the worse one. */
export interface PublicationFigures {
  readonly mixedReads: number;
  readonly lostRows: number;
  readonly readerErrors: number;
  /** 99th percentile of reads that overlap a switch. */
  readonly readerStallMs: number;
  /** The same of reads that overlap equally long moments of the quiet control. */
  readonly controlStallMs: number;
  readonly publishP99Ms: number;
  readonly rollbackP99Ms: number;
  /** Writes of today. */
  readonly writerP99Ratio: number;
  /** Settled shape, prepared statements. */
  readonly viewReadRatio: Readonly<Record<ReadName, number>>;
  /** Median of the rounds' differences. */
  readonly readerStallAboveControlMs: number;
  /** 99th percentile of reads that overlap a change of shape, whether it got its lock or not. */
  readonly armingStallMs: number;
  readonly writerErrors: number;
  readonly reads: number;
  readonly rowsWritten: number;
  readonly days: number;
  readonly rowsPerDay: number;
  readonly switches: readonly SwitchFigures[];
  readonly writers: readonly WriterFigures[];
  readonly views: readonly ViewFigures[];
  /** Of the threads that measure. */
  readonly loopDelay: { readonly readers: LoopDelay; readonly writers: LoopDelay; readonly comparing: LoopDelay };
}

export interface WriterFigures {
  readonly write: WriteName;
  readonly captured: Times;
  readonly uncaptured: Times;
  readonly p50Ratio: Spread;
  readonly p99Ratio: Spread;
}

export interface ViewFigures {
  readonly shape: Shape;
  readonly read: ReadName;
  readonly mode: Mode;
  readonly ratio: Spread;
  /** Of the medians, in milliseconds. */
  readonly viewMs: number;
  readonly tableMs: number;
  readonly addedMs: Spread;
  /** In every round or in some. */
  readonly parallel: boolean;
}

export function figuresOf(measured: Measured): PublicationFigures {
  const switches = switchFigures(measured);
  const writers = WRITES.map((write) => writerFigures(measured, write));
  const views = viewFigures(measured);
  const { readers, today, late } = measured.traffic;
  const worst = worstOf(switches);
  const settled = (read: ReadName): number =>
    views.find((one) => one.shape === 'settled' && one.mode === 'prepared' && one.read === read)?.ratio.median ?? NaN;
  return {
    mixedReads: measured.mixedReads,
    lostRows: measured.lostRows,
    readerErrors: readers.reduce((sum, { errors }) => sum + errors.length, 0),
    readerStallMs: worst.reads.switching.p99,
    controlStallMs: worst.reads.control.p99,
    publishP99Ms: Math.max(...switches.map(({ publish }) => publish.p99)),
    rollbackP99Ms: Math.max(...switches.map(({ rollback }) => rollback.p99)),
    writerP99Ratio: writers.find(({ write }) => write === 'today')?.p99Ratio.median ?? NaN,
    viewReadRatio: Object.fromEntries(READ_NAMES.map((read) => [read, settled(read)])) as Record<ReadName, number>,
    readerStallAboveControlMs: worst.reads.difference.median,
    armingStallMs: Math.max(...switches.map(({ arming }) => arming.reads?.p99 ?? 0)),
    writerErrors: today.errors.length + late.errors.length,
    reads: readers.reduce((sum, { from }) => sum + from.length, 0),
    rowsWritten: today.log.length + late.log.length,
    days: measured.days,
    rowsPerDay: measured.rowsPerDay,
    switches,
    writers,
    views,
    loopDelay: {
      readers: worstDelay(readers.map(({ loopDelay }) => loopDelay)),
      writers: worstDelay([today.loopDelay, late.loopDelay]),
      comparing: worstDelay(measured.compareDelay),
    },
  };
}

function worstOf(switches: readonly SwitchFigures[]): SwitchFigures {
  const [worst] = [...switches].sort((a, b) => b.reads.switching.p99 - a.reads.switching.p99);
  if (worst === undefined) throw new Error('no switch was measured');
  return worst;
}

function worstDelay(delays: readonly LoopDelay[]): LoopDelay {
  return {
    p99Ms: rounded(Math.max(0, ...delays.map(({ p99Ms }) => p99Ms)), 2),
    maxMs: rounded(Math.max(0, ...delays.map(({ maxMs }) => maxMs)), 2),
  };
}

function writerFigures({ writes }: Measured, write: WriteName): WriterFigures {
  const rounds = writes.filter((one) => one.write === write);
  const ratio = (share: number): Spread =>
    roundedSpread(
      spreadOf(rounds.map(({ captured, uncaptured }) => percentile(captured, share) / percentile(uncaptured, share))),
      3,
    );
  return {
    write,
    captured: timesOf(rounds.flatMap(({ captured }) => Array.from(captured))),
    uncaptured: timesOf(rounds.flatMap(({ uncaptured }) => Array.from(uncaptured))),
    p50Ratio: ratio(0.5),
    p99Ratio: ratio(0.99),
  };
}

function viewFigures({ views }: Measured): ViewFigures[] {
  const cells = SHAPES.flatMap((shape) =>
    READ_NAMES.flatMap((read) => MODES.map((mode) => ({ shape, read, mode }) as const)),
  );
  return cells.flatMap((cell) => {
    const found = views.filter(
      ({ shape, read, mode }) => shape === cell.shape && read === cell.read && mode === cell.mode,
    );
    if (found.length === 0) return [];
    const rounds = found.map(({ view, table }) => ({ view: percentile(view, 0.5), table: percentile(table, 0.5) }));
    return [
      {
        ...cell,
        parallel: found.some(({ parallel }) => parallel),
        ratio: roundedSpread(spreadOf(rounds.map(({ view, table }) => view / table)), 3),
        viewMs: rounded(spreadOf(rounds.map(({ view }) => view)).median, 3),
        tableMs: rounded(spreadOf(rounds.map(({ table }) => table)).median, 3),
        addedMs: roundedSpread(spreadOf(rounds.map(({ view, table }) => view - table)), 3),
      },
    ];
  });
}
