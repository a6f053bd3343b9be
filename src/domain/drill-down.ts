import type { ComparedDimensions, ComparedValue } from './comparison.ts';
import { addDecimals, subtractDecimals } from './decimal.ts';

/** More values of a dimension than a person reads are counted together. */
const MOST_SHOWN = 20;

/** What a part of the rows moves: shares between 0 and 1, of the change with its signs left out. */
interface Share {
  readonly rows: number;
  readonly delta: string;
  readonly shareOfRows: number;
  /** Null where nothing moves at all, or something is no number. */
  readonly shareOfDelta: number | null;
  /** Share of the change by share of the rows: 1 where it moves as everything does, more where the change sits. */
  readonly lift: number | null;
}

export interface DrilledValue extends Share {
  readonly value: string | null;
}

/** One dimension by one measure, values that move most first; `values` null: it has too many to be listed. */
export interface DrillDown {
  readonly dimension: string;
  readonly measure: string;
  readonly values: readonly DrilledValue[] | null;
  /** The values that are not listed, taken together. */
  readonly others: (Share & { readonly values: number }) | null;
}

/** Every dimension by the measure; live rows are in none of them. */
export function drillDowns(dimensions: ComparedDimensions, measure: string | null): readonly DrillDown[] {
  if (measure === null) return [];
  return Object.entries(dimensions).map(([dimension, values]) =>
    values === null ? { dimension, measure, values: null, others: null } : drilled(dimension, measure, values),
  );
}

interface Part {
  readonly rows: number;
  readonly delta: string;
  readonly size: number;
}

function drilled(dimension: string, measure: string, values: readonly ComparedValue[]): DrillDown {
  const parts = values.map((one) => ({ value: one.value, ...partOf(one, measure) })).sort(bySize);
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  const share = (part: Part): Share => {
    const shareOfRows = rows === 0 ? 0 : part.rows / rows;
    const shareOfDelta = size > 0 && Number.isFinite(part.size / size) ? part.size / size : null;
    const lift = shareOfDelta === null || shareOfRows === 0 ? null : shareOfDelta / shareOfRows;
    return { rows: part.rows, delta: part.delta, shareOfRows, shareOfDelta, lift };
  };
  const rest = parts.slice(MOST_SHOWN);
  return {
    dimension,
    measure,
    values: parts.slice(0, MOST_SHOWN).map((part) => ({ value: part.value, ...share(part) })),
    others: rest.length === 0 ? null : { values: rest.length, ...share(together(rest)) },
  };
}

function partOf({ rowsOld, rowsNew, measures }: ComparedValue, measure: string): Part {
  const delta = subtractDecimals(measures[measure]?.new ?? '0', measures[measure]?.old ?? '0');
  return { rows: Math.max(rowsOld, rowsNew), delta, size: Math.abs(Number(delta)) };
}

function together(parts: readonly Part[]): Part {
  const sum = (of: (part: Part) => number): number => parts.reduce((total, part) => total + of(part), 0);
  return {
    rows: sum(({ rows }) => rows),
    delta: addDecimals(parts.map(({ delta }) => delta)),
    size: sum(({ size }) => size),
  };
}

/** What is no number comes first; equal ones in the order of their values. */
function bySize(a: Part & { readonly value: string | null }, b: Part & { readonly value: string | null }): number {
  const rank = (size: number): number => (Number.isNaN(size) ? Infinity : size);
  if (rank(a.size) !== rank(b.size)) return rank(b.size) > rank(a.size) ? 1 : -1;
  return (a.value ?? '') < (b.value ?? '') ? -1 : 1;
}
