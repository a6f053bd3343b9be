import { isAdditive } from './additive.ts';
import { subtractDecimals } from './decimal.ts';
import type { MeasureTotals, ReconciliationFigures } from './reconciliation-figures.ts';

/** What a part of the rows comes to on one side, as the server answers it. */
export interface MeasuredGroup {
  readonly side: 'old' | 'new' | 'base';
  /** All rows, live or not; by whether they are live; by partition (`value` its place from 1); by dimension. */
  readonly kind: 'all' | 'live' | 'partition' | `by:${string}`;
  readonly live: boolean | null;
  readonly value: string | null;
  readonly rows: number;
  /** Groups of the same side and kind; more than listed where a dimension has too many values. */
  readonly among: number;
  readonly measures: Readonly<Record<string, string>>;
}

export interface Moved {
  readonly delta: string;
  readonly absolute: string;
}

/** The answer of one comparison, before anything is added up. */
export interface RawComparison {
  readonly counts: Omit<ReconciliationFigures, AddedUp> & { readonly types: Readonly<Record<string, string>> };
  readonly partitions: readonly string[] | null;
  readonly groups: readonly MeasuredGroup[];
  /** By piece of the change and measure. */
  readonly pieces: Readonly<Record<string, Readonly<Record<string, Moved>>>>;
  readonly topRows: readonly ComparedRow[];
  readonly samples: Samples;
}

type AddedUp =
  | 'partitionsPlanned'
  | 'partitionsBuilt'
  | 'sourceDifferences'
  | 'sourceMissing'
  | 'measures'
  | 'liveMeasures'
  | 'attribution'
  | 'absolute'
  | 'inexact'
  | 'partitionsOutside';

/** A row with the contract's first measure over that row alone, why it changed, and which of its columns did. */
export interface ComparedRow {
  readonly key: Readonly<Record<string, unknown>>;
  readonly class: 'changed' | 'added' | 'removed' | 'tolerated' | 'same';
  readonly old: string | null;
  readonly new: string | null;
  readonly explanation: string | null;
  readonly columns: string | null;
}

export interface Samples {
  readonly changed: readonly ComparedRow[];
  readonly unchanged: readonly ComparedRow[];
}

/** One partition on both sides, live rows apart; `live`: what those come to in the new side. */
export interface ComparedPartition {
  readonly partition: string;
  readonly rowsOld: number;
  readonly rowsNew: number;
  readonly measures: Readonly<Record<string, MeasureTotals>>;
  readonly live?: { readonly rows: number; readonly measures: Readonly<Record<string, string>> };
}

/** One value of a dimension on both sides, live rows apart. */
export interface ComparedValue {
  readonly value: string | null;
  readonly rowsOld: number;
  readonly rowsNew: number;
  readonly measures: Readonly<Record<string, MeasureTotals>>;
}

/** Null: it has more values than a dimension may have. */
export type ComparedDimensions = Readonly<Record<string, readonly ComparedValue[] | null>>;

export interface Compared {
  readonly figures: Omit<
    ReconciliationFigures,
    'partitionsPlanned' | 'partitionsBuilt' | 'sourceDifferences' | 'sourceMissing' | 'partitionsOutside'
  >;
  readonly partitions: readonly ComparedPartition[];
  readonly dimensions: ComparedDimensions;
  readonly topRows: readonly ComparedRow[];
  readonly samples: Samples;
}

/** Floating point types: their sums depend on the order in which they were added up. */
const INEXACT = ['real', 'double precision'];

/** A column of more values than this is no dimension: they are counted, and not listed. */
export const MOST_VALUES = 1_000;

/** Makes figures of what the server answered; measures in the order in which the contract has them. */
export function readComparison(
  raw: RawComparison,
  contract: { readonly measures: Readonly<Record<string, string>>; readonly dimensions: readonly string[] },
): Compared {
  const names = Object.keys(contract.measures);
  const additive = names.filter((name) => isAdditive(contract.measures[name] ?? ''));
  const find = (
    side: MeasuredGroup['side'],
    kind: MeasuredGroup['kind'],
    live: boolean | null,
  ): Record<string, string> =>
    raw.groups.find((one) => one.side === side && one.kind === kind && one.live === live)?.measures ?? {};
  const both = (old: Record<string, string>, now: Record<string, string>): Record<string, MeasureTotals> =>
    Object.fromEntries(names.map((name) => [name, { old: old[name] ?? '0', new: now[name] ?? '0' }]));
  const { types, ...counts } = raw.counts;
  const inexact = names.filter((name) => INEXACT.includes(types[name] ?? ''));
  const all = both(find('old', 'all', null), find('new', 'all', null));
  const live = both(find('old', 'live', true), find('new', 'live', true));
  const figures = {
    ...counts,
    measures: both(find('old', 'live', false), find('new', 'live', false)),
    liveMeasures: both(find('old', 'live', true), find('base', 'live', true)),
    ...attribute(raw.pieces, additive, all, live),
    inexact,
  };
  return {
    figures,
    partitions: comparedPartitions(raw, both),
    dimensions: Object.fromEntries(contract.dimensions.map((name) => [name, comparedValues(raw, name, both)])),
    topRows: raw.topRows,
    samples: raw.samples,
  };
}

type Both = (old: Record<string, string>, now: Record<string, string>) => Record<string, MeasureTotals>;

/**
 * The change of a measure by its pieces. What changed rows come to is added up row by row; `total` and `live` are measured
 * over all rows of a side. That they agree is a finding of its own.
 */
function attribute(
  pieces: RawComparison['pieces'],
  names: readonly string[],
  all: Record<string, MeasureTotals>,
  live: Record<string, MeasureTotals>,
): Pick<ReconciliationFigures, 'attribution' | 'absolute'> {
  const entries = (of: keyof Moved, name: string): [string, string][] =>
    Object.entries(pieces).map(([piece, moved]) => [piece, moved[name]?.[of] ?? '0']);
  const change = ({ old, new: now }: MeasureTotals = { old: '0', new: '0' }): string => subtractDecimals(now, old);
  return {
    attribution: Object.fromEntries(
      names.map((name) => [
        name,
        { ...Object.fromEntries(entries('delta', name)), live: change(live[name]), total: change(all[name]) },
      ]),
    ),
    absolute: Object.fromEntries(names.map((name) => [name, Object.fromEntries(entries('absolute', name))])),
  };
}

function comparedPartitions(raw: RawComparison, both: Both): ComparedPartition[] {
  const groups = new Map(
    raw.groups
      .filter(({ kind }) => kind === 'partition')
      .map((group) => [`${group.side} ${group.live} ${group.value}`, group]),
  );
  return (raw.partitions ?? []).map((partition, index) => {
    const of = (side: string, live: boolean): MeasuredGroup | undefined => groups.get(`${side} ${live} ${index + 1}`);
    const [old, now, live] = [of('old', false), of('new', false), of('new', true)];
    return {
      partition,
      rowsOld: old?.rows ?? 0,
      rowsNew: now?.rows ?? 0,
      measures: both(old?.measures ?? {}, now?.measures ?? {}),
      ...(live === undefined ? {} : { live: { rows: live.rows, measures: live.measures } }),
    };
  });
}

function comparedValues(raw: RawComparison, dimension: string, both: Both): readonly ComparedValue[] | null {
  const own = raw.groups.filter(({ kind }) => kind === `by:${dimension}`);
  if (own.some(({ among }) => among > MOST_VALUES)) return null;
  const values = [...new Set(own.map(({ value }) => value))];
  return values.map((value) => {
    const of = (side: string): MeasuredGroup | undefined => own.find((one) => one.side === side && one.value === value);
    const [old, now] = [of('old'), of('new')];
    return {
      value,
      rowsOld: old?.rows ?? 0,
      rowsNew: now?.rows ?? 0,
      measures: both(old?.measures ?? {}, now?.measures ?? {}),
    };
  });
}
