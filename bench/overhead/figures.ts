import { rounded, spreadOf } from '../support/spread.ts';
import type { Spread } from '../support/spread.ts';
import type { Measured, Round } from './measured.ts';
import type { Section } from './sections.ts';
import { SECTIONS } from './sections.ts';

export interface Setting {
  readonly eventsPerDay: number;
  readonly partitions: number;
  readonly batches: number;
  readonly lanes: number;
}

/** What the bench answers: medians over its rounds, each ratio taken within one round. */
export interface OverheadFigures {
  readonly eventsPerDay: number;
  readonly partitions: number;
  /** Product by the bare loop. */
  readonly ratioUnchecked: number;
  /** Product by the loop with the same checks. */
  readonly ratioChecked: number;
  readonly ratioUncheckedRange: readonly [min: number, max: number];
  readonly ratioCheckedRange: readonly [min: number, max: number];
  /** The same of processor time, which other work on the machine disturbs less; null where the system does not tell. */
  readonly cpu: {
    readonly ratioUnchecked: number;
    readonly ratioChecked: number;
    readonly ratioUncheckedRange: readonly [min: number, max: number];
    readonly ratioCheckedRange: readonly [min: number, max: number];
  } | null;
  readonly rounds: number;
  readonly batches: number;
  readonly lanes: number;
  /** From the first batch to the last verdict. */
  readonly milliseconds: { readonly bare: number; readonly checked: number; readonly product: number };
  /** Where it goes, in milliseconds of a connection's time for each batch. */
  readonly perBatch: readonly PerBatch[];
  readonly claims: number;
  readonly workerRssBytes: { readonly quarter: number; readonly end: number } | null;
  readonly cpuMsPerBatch: { readonly worker: number; readonly temporal: number } | null;
}

export interface PerBatch {
  readonly what: string;
  readonly bare: number;
  readonly checked: number;
  readonly product: number;
}

export function figuresOf(setting: Setting, rounds: readonly Round[]): OverheadFigures {
  const median = (pick: (round: Round) => number): number => spreadOf(rounds.map(pick)).median;
  return {
    eventsPerDay: setting.eventsPerDay,
    partitions: setting.partitions,
    ...ratiosOf(rounds, ({ milliseconds }) => milliseconds),
    cpu: measuresCpu(rounds) ? ratiosOf(rounds, ({ cpuMs }) => cpuMs ?? 0) : null,
    rounds: rounds.length,
    batches: setting.batches,
    lanes: setting.lanes,
    milliseconds: {
      bare: rounded(
        median(({ bare }) => bare.milliseconds),
        0,
      ),
      checked: rounded(
        median((round) => round.checked.milliseconds),
        0,
      ),
      product: rounded(
        median(({ product }) => product.milliseconds),
        0,
      ),
    },
    perBatch: perBatch(setting, rounds),
    claims: median(({ product }) => product.claims),
    workerRssBytes: both(
      rounds,
      ({ product }) => [product.rssQuarterBytes, product.rssEndBytes],
      ([quarter, end]) => ({
        quarter,
        end,
      }),
    ),
    cpuMsPerBatch: both(
      rounds,
      ({ product }) => [product.workerCpuMs, product.temporalCpuMs],
      ([worker, temporal]) => ({
        worker: rounded(worker / setting.batches, 1),
        temporal: rounded(temporal / setting.batches, 1),
      }),
    ),
  };
}

function measuresCpu(rounds: readonly Round[]): boolean {
  return rounds.every(({ product, bare, checked }) => [product, bare, checked].every(({ cpuMs }) => cpuMs !== null));
}

/** Each within its round. */
function ratiosOf(rounds: readonly Round[], of: (measured: Measured) => number): NonNullable<OverheadFigures['cpu']> {
  const unchecked = spreadOf(rounds.map(({ product, bare }) => of(product) / of(bare)));
  const checked = spreadOf(rounds.map((round) => of(round.product) / of(round.checked)));
  return {
    ratioUnchecked: rounded(unchecked.median),
    ratioChecked: rounded(checked.median),
    ratioUncheckedRange: rangeOf(unchecked),
    ratioCheckedRange: rangeOf(checked),
  };
}

function rangeOf({ min, max }: Spread): readonly [number, number] {
  return [rounded(min), rounded(max)];
}

/** Medians of two readings; null where a system gives none. */
function both<T>(
  rounds: readonly Round[],
  pick: (round: Round) => readonly [number | null, number | null],
  make: (pair: readonly [number, number]) => T,
): T | null {
  const pairs = rounds.map(pick).filter((pair): pair is readonly [number, number] => !pair.includes(null));
  if (pairs.length === 0) return null;
  return make([spreadOf(pairs.map(([first]) => first)).median, spreadOf(pairs.map(([, second]) => second)).median]);
}

/** Every millisecond of every connection is in exactly one row: what no statement and no wait explains is the last one. */
function perBatch({ batches, lanes }: Setting, rounds: readonly Round[]): PerBatch[] {
  const row = (what: string, of: (measured: Measured, handOverMs: number) => number): PerBatch => {
    const figure = (pick: (round: Round) => Measured & { readonly handOverMs?: number }): number =>
      rounded(spreadOf(rounds.map((round) => of(pick(round), pick(round).handOverMs ?? 0) / batches)).median, 1);
    return {
      what,
      bare: figure(({ bare }) => bare),
      checked: figure((round) => round.checked),
      product: figure(({ product }) => product),
    };
  };
  const onServer = ({ sections }: Measured): number => Object.values(sections).reduce((sum, one) => sum + one, 0);
  return [
    ...Object.entries(SECTIONS).map(([section, what]) => row(what, ({ sections }) => sections[section as Section])),
    row('between claims, through Temporal', (_, handOverMs) => handOverMs),
    row('nothing left to do at the end', ({ idleMs }) => idleMs),
    row('round trips and the process itself', (measured, handOverMs) => {
      return lanes * measured.milliseconds - onServer(measured) - handOverMs - measured.idleMs;
    }),
    row('all', ({ milliseconds }) => lanes * milliseconds),
  ];
}
