import type { BackfillSpec } from './backfill-spec.ts';
import { addDecimals, subtractDecimals } from './decimal.ts';
import type { ReconciliationFigures } from './reconciliation-figures.ts';
import type { Check } from './verdict.ts';

type Expected = BackfillSpec['validation'] & { readonly level: 'partition' | 'batch' | 'run' };

/** What rows say: how many change and why, what no named reason explains, and whether the pieces make up the whole. */
export function rowChecks(figures: ReconciliationFigures, expected: Expected): Check[] {
  const level = expected.level === 'run' ? 'run' : 'batch';
  const tolerates = Object.keys(expected.tolerances).length > 0;
  return [
    info('rows_changed', figures.rowsChanged),
    ...(tolerates ? [info('rows_tolerated', figures.rowsTolerated)] : []),
    info('rows_live', figures.rowsLive),
    ...driftChecks(figures, expected),
    ...Object.entries(figures.explained).map(([name, count]) => info(`explained:${name}`, count)),
    ...overlapCheck(figures),
    bounded('unexplained', `${figures.unexplained}`, expected.maxUnexplainedRows[level]),
    ...Object.entries(figures.absolute).flatMap(([measure, pieces]) => {
      const bound = expected.maxUnexplainedDelta[measure]?.[level] ?? null;
      const figure = pieces['unexplained'] ?? '0';
      return bound === null && Number(figure) === 0 ? [] : [bounded(`unexplained_delta:${measure}`, figure, bound)];
    }),
    ...unattributable(figures, expected, level),
    ...Object.keys(figures.measures).map((measure) => attributionCheck(measure, figures)),
  ];
}

/** Differences that are tolerated one by one may not add up to something that is not. */
function driftChecks({ tolerated }: ReconciliationFigures, { tolerances }: Expected): Check[] {
  return Object.entries(tolerances).map(([column, { drift }]) => {
    const figure = tolerated[column]?.signed ?? '0';
    const verdict = Math.abs(Number(figure)) <= drift ? 'pass' : 'fail';
    return { name: `tolerated:${column}`, level: 'row', verdict, figure, limit: `±${drift}` };
  });
}

function overlapCheck({ overlaps }: ReconciliationFigures): Check[] {
  const rows = Object.values(overlaps).reduce((sum, count) => sum + count, 0);
  return rows === 0 ? [] : [info('explained_twice', rows)];
}

/** A bound that cannot be looked at is not kept. */
function unattributable(
  { absolute }: ReconciliationFigures,
  { maxUnexplainedDelta }: Expected,
  level: 'batch' | 'run',
): Check[] {
  return Object.entries(maxUnexplainedDelta).flatMap(([measure, bounds]): Check[] => {
    const bound = bounds[level];
    if (bound === null || absolute[measure] !== undefined) return [];
    const figure = 'not attributable: only sums and counts are';
    return [{ name: `unexplained_delta:${measure}`, level: 'row', verdict: 'fail', figure, limit: `at most ${bound}` }];
  });
}

/** Floating point loses this share of what it adds up, and no more. */
const ROUNDING = 1e-9;

/** What the named reasons, the unexplained rows, the tolerated ones and live writes come to is what the measure changed by. */
function attributionCheck(measure: string, { attribution, absolute, measures, inexact }: ReconciliationFigures): Check {
  const pieces = attribution[measure];
  const check = { name: `attribution:${measure}`, level: 'row' as const, limit: '0 of the change left over' };
  if (pieces === undefined)
    return { ...check, verdict: 'info', figure: 'not attributable', limit: 'only sums and counts are' };
  const left = unattributed(pieces);
  if (!Number.isFinite(Number(left)))
    return { ...check, verdict: 'inconclusive', figure: `the change is no number: ${pieces['total'] ?? ''}` };
  if (!inexact.includes(measure)) return { ...check, verdict: Number(left) === 0 ? 'pass' : 'fail', figure: left };
  const sizes = [measures[measure]?.old, measures[measure]?.new, ...Object.values(absolute[measure] ?? {})];
  const rounding = ROUNDING * sizes.reduce((sum, size) => sum + Math.abs(Number(size ?? 0)), 0);
  return {
    ...check,
    verdict: Math.abs(Number(left)) <= rounding ? 'pass' : 'fail',
    figure: left,
    limit: `${check.limit}, but for rounding`,
  };
}

/** What is left of a measure's change when every piece of it is taken away: nothing, if the attribution is right. */
function unattributed(attribution: Readonly<Record<string, string>>): string {
  const { total = '0', ...pieces } = attribution;
  return subtractDecimals(total, addDecimals(Object.values(pieces)));
}

function bounded(name: string, figure: string, bound: number | null): Check {
  if (bound === null) return info(name, figure);
  // Asked for the inside: NaN is within no bound.
  return { name, level: 'row', verdict: Number(figure) <= bound ? 'pass' : 'fail', figure, limit: `at most ${bound}` };
}

function info(name: string, figure: number | string): Check {
  return { name, level: 'row', verdict: 'info', figure: `${figure}`, limit: 'none set' };
}
