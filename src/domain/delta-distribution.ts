import { isAdditive } from './additive.ts';

/** Amounts at which a new bucket begins, in the unit of the measure: fixed, so that the counts of batches add up. */
export const DELTA_EDGES = ['0.01', '0.1', '1', '10', '100', '1000', '10000', '100000', '1000000'] as const;

/** Changed rows by how far they move the contract's first sum; by bucket as the server names it. */
export type DeltaCounts = Readonly<Record<string, { readonly rows: string; readonly delta: string }>>;

/** Names of the buckets: `-<0.01` and `+<0.01`, `-0.1` and `+0.1` for what begins there, and these. */
export const UNMOVED = '0';
export const NO_NUMBER = 'no number';

/** A bucket as it is shown. `low` and `high` bound the amount without its sign, low included; null: no bound. */
export interface DeltaBucket {
  readonly sign: -1 | 0 | 1 | null;
  readonly low: string | null;
  readonly high: string | null;
  readonly rows: number;
  readonly delta: string;
}

/** The measure whose change rows are counted by: the first that is a sum. */
export function headlineMeasure(measures: Readonly<Record<string, string>>): string | null {
  return Object.entries(measures).find(([, expression]) => isAdditive(expression))?.[0] ?? null;
}

/** From the largest loss to the largest gain without a gap, rows that are no number last. */
export function deltaBuckets(counts: DeltaCounts): readonly DeltaBucket[] {
  const of = (name: string) => {
    const found = counts[name];
    return { rows: Number(found?.rows ?? 0), delta: found?.delta ?? '0' };
  };
  const bounds = [null, ...DELTA_EDGES].map((low, place) => ({ low, high: DELTA_EDGES[place] ?? null }));
  const name = (sign: string, low: string | null): string => `${sign}${low ?? `<${DELTA_EDGES[0]}`}`;
  const signed = (sign: -1 | 1): DeltaBucket[] =>
    bounds.map(({ low, high }) => ({ sign, low, high, ...of(name(sign < 0 ? '-' : '+', low)) }));
  const all: DeltaBucket[] = [
    ...signed(-1).reverse(),
    { sign: 0, low: null, high: null, ...of(UNMOVED) },
    ...signed(1),
  ];
  const filled = all.map(({ rows }, place) => (rows > 0 ? place : -1)).filter((place) => place >= 0);
  const [first, last] = [filled[0], filled.at(-1)];
  const shown = first === undefined || last === undefined ? [] : all.slice(first, last + 1);
  const none = of(NO_NUMBER);
  return none.rows === 0 ? shown : [...shown, { sign: null, low: null, high: null, ...none }];
}
