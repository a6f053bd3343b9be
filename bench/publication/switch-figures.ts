import { percentile } from '../support/percentile.ts';
import type { Spread } from '../support/spread.ts';
import { rounded, spreadOf } from '../support/spread.ts';
import type { Window } from './clock.ts';
import { lengthOf } from './clock.ts';
import type { Measured } from './measured.ts';
import { timesOverlapping, windowsWithin } from './overlapping.ts';
import type { Condition, SwitchRound } from './switch-rounds.ts';
import { CONDITIONS } from './switch-rounds.ts';
import type { TimedStatement } from './timed-pool.ts';

/** In milliseconds. */
export interface Times {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What a switch does to those who meet it, against equally long moments in which nothing happens. */
export interface MetSwitch {
  readonly control: Times;
  readonly switching: Times;
  /** Of the 99th percentiles, by round. */
  readonly difference: Spread;
}

export interface SwitchFigures {
  readonly condition: Condition;
  readonly reads: MetSwitch;
  readonly writes: MetSwitch;
  readonly publish: Times;
  readonly rollback: Times;
  readonly publishActivityMs: Spread;
  readonly rollbackActivityMs: Spread;
  /** Changes of shape: those that were refused a lock in time count too, because readers stood behind them. */
  readonly arming: { readonly attempts: number; readonly refused: number; readonly reads: Times | null };
}

export function switchFigures(measured: Measured): SwitchFigures[] {
  return CONDITIONS.flatMap((condition) => {
    const rounds = measured.rounds.filter((round) => round.condition === condition);
    return rounds.length === 0 ? [] : [figuresOf(condition, rounds, measured)];
  });
}

function figuresOf(condition: Condition, rounds: readonly SwitchRound[], { heard, traffic }: Measured): SwitchFigures {
  const within = (phase: (round: SwitchRound) => Window, what: readonly TimedStatement['what'][]): TimedStatement[] =>
    rounds.flatMap((round) => statementsIn(heard, phase(round), what));
  const switches = within(({ switching }) => switching, ['publish', 'rollback']).filter(({ done }) => done);
  const shapes = within(({ publication }) => publication, ['shape']);
  const spread = (pick: (round: SwitchRound) => number): Spread => roundedSpread(spreadOf(rounds.map(pick)), 1);
  const behindShapes = timesOverlapping(traffic.readers, shapes);
  return {
    condition,
    reads: metSwitch(rounds, heard, traffic.readers),
    writes: metSwitch(rounds, heard, [traffic.today]),
    publish: timesOf(switches.filter(({ what }) => what === 'publish').map(lengthOf)),
    rollback: timesOf(switches.filter(({ what }) => what === 'rollback').map(lengthOf)),
    publishActivityMs: spread(({ publishActivityMs }) => publishActivityMs),
    rollbackActivityMs: spread(({ rollbackActivityMs }) => rollbackActivityMs),
    arming: {
      attempts: shapes.length,
      refused: shapes.filter(({ done }) => !done).length,
      reads: behindShapes.length === 0 ? null : timesOf(behindShapes),
    },
  };
}

function metSwitch(
  rounds: readonly SwitchRound[],
  heard: readonly TimedStatement[],
  done: Parameters<typeof timesOverlapping>[0],
): MetSwitch {
  const each = rounds.map((round) => {
    // Attempts that were refused the fence count too: writers stood behind them.
    const windows = statementsIn(heard, round.switching, ['publish', 'rollback']);
    const calm = windowsWithin(round.control, windows, round.switching.from);
    return { control: timesOverlapping(done, calm), switching: timesOverlapping(done, windows) };
  });
  const differences = each
    .filter(({ control, switching }) => control.length > 0 && switching.length > 0)
    .map(({ control, switching }) => percentile(switching, 0.99) - percentile(control, 0.99));
  return {
    control: timesOf(each.flatMap(({ control }) => control)),
    switching: timesOf(each.flatMap(({ switching }) => switching)),
    difference: roundedSpread(spreadOf(differences), 2),
  };
}

function statementsIn(
  heard: readonly TimedStatement[],
  { from, to }: Window,
  what: readonly TimedStatement['what'][],
): TimedStatement[] {
  return heard.filter((one) => what.includes(one.what) && one.from >= from && one.to <= to);
}

export function timesOf(milliseconds: ArrayLike<number>): Times {
  return {
    count: milliseconds.length,
    p50: rounded(percentile(milliseconds, 0.5), 2),
    p99: rounded(percentile(milliseconds, 0.99), 2),
    max: rounded(percentile(milliseconds, 1), 2),
  };
}

export function roundedSpread({ median, min, max }: Spread, digits: number): Spread {
  return { median: rounded(median, digits), min: rounded(min, digits), max: rounded(max, digits) };
}
