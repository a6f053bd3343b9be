import type { BackfillSpec, DeltaLevel } from './backfill-spec.ts';
import type { ComparedDimensions, ComparedPartition } from './comparison.ts';
import { dimensionChecks, partitionCheck, partitionCount } from './delta-checks.ts';
import { formatPercent, isInside, percentChange } from './percent-change.ts';
import type { ReconciliationFigures } from './reconciliation-figures.ts';
import { rowChecks } from './row-checks.ts';
import type { Check, Verdict } from './verdict.ts';

export { formatPercent, percentChange } from './percent-change.ts';
export type { ReconciliationFigures } from './reconciliation-figures.ts';

/** What the spec expects at one level, with the tolerances of the contract's source totals. */
export type Expectations = BackfillSpec['validation'] & {
  readonly sourceTolerances: Readonly<Record<string, number>>;
  readonly level: DeltaLevel;
};

/** What was compared part by part; of the whole run the partitions are counted, not listed. */
export interface Parts {
  readonly partitions: readonly ComparedPartition[] | null;
  readonly dimensions: ComparedDimensions;
}

/** Three levels, one list: structure first, then aggregates, then rows. */
export function judge(figures: ReconciliationFigures, expected: Expectations, parts: Parts): readonly Check[] {
  return [
    ...structural(figures, expected),
    ...aggregates(figures, expected),
    ...partitions(figures, expected, parts),
    ...dimensionChecks(parts.dimensions, figures, expected),
    ...rowChecks(figures, expected),
  ];
}

function partitions(figures: ReconciliationFigures, { deltaExpected }: Expectations, parts: Parts): Check[] {
  return Object.entries(deltaExpected).flatMap(([measure, { partition: range }]) => {
    if (range === undefined) return [];
    return parts.partitions === null
      ? [partitionCount(measure, range, figures)]
      : [partitionCheck(measure, range, parts.partitions)];
  });
}

function structural(figures: ReconciliationFigures, expected: Expectations): Check[] {
  return [
    check(
      'partitions_present',
      'structural',
      figures.partitionsBuilt,
      `${figures.partitionsPlanned}`,
      figures.partitionsBuilt === figures.partitionsPlanned,
    ),
    check(
      'row_count',
      'structural',
      rowsMoved(figures),
      `±${expected.rowCountTolerance}`,
      Math.max(figures.rowsAdded, figures.rowsRemoved) <= expected.rowCountTolerance,
    ),
    check(
      'unique_key',
      'structural',
      figures.uniqueIndexMissing === 0 ? figures.duplicateKeys : `no unique index, ${figures.duplicateKeys} duplicates`,
      '0 duplicates',
      figures.duplicateKeys === 0 && figures.uniqueIndexMissing === 0,
    ),
    check(
      'rows_outside',
      'structural',
      figures.rowsOutside,
      '0 rows outside their partitions',
      figures.rowsOutside === 0,
    ),
    ...Object.entries(figures.nulls).map(([column, count]) =>
      check(`required:${column}`, 'structural', count, '0 nulls', count === 0),
    ),
    ...Object.entries(figures.constantsLost ?? {}).map(([column, count]) =>
      check(`added:${column}`, 'structural', count, '0 rows that the base gave another value', count === 0),
    ),
  ];
}

function aggregates(figures: ReconciliationFigures, expected: Expectations): Check[] {
  const deltas = Object.entries(figures.measures).map(([measure, totals]): Check => {
    const range = expected.deltaExpected[measure]?.[expected.level];
    const percent = percentChange(totals);
    const name = `delta:${measure}`;
    if (!Number.isFinite(Number(totals.new)))
      return { name, level: 'aggregate', verdict: 'fail', figure: `${totals.old} → ${totals.new}`, limit: 'a number' };
    if (range === undefined)
      return { name, level: 'aggregate', verdict: 'info', figure: formatPercent(percent), limit: 'none set' };
    const inside = isInside(percent, range);
    const limit = `${range.low}% to ${range.high}%`;
    if (comparedRows(figures) === 0)
      return figures.rowsLive === 0
        ? { name, level: 'aggregate', verdict: 'pass', figure: 'no rows', limit }
        : {
            name,
            level: 'aggregate',
            verdict: 'fail',
            figure: 'every row is a live write, nothing is left to compare',
            limit,
          };
    return { name, level: 'aggregate', verdict: inside ? 'pass' : 'fail', figure: formatPercent(percent), limit };
  });
  const totals = Object.entries(figures.sourceDifferences).map(([name, difference]) => {
    const tolerance = expected.sourceTolerances[name] ?? 0;
    const missing = figures.sourceMissing[name] ?? 0;
    const limit = `±${tolerance} in every partition`;
    const judged = check(`source_total:${name}`, 'aggregate', difference, limit, Number(difference) <= tolerance);
    if (missing === 0) return judged;
    const figure = `${difference}, no figure for ${missing} ${missing === 1 ? 'partition' : 'partitions'}`;
    const verdict: Verdict = judged.verdict === 'pass' ? 'inconclusive' : 'fail';
    return { ...judged, figure, verdict };
  });
  return [...deltas, ...totals];
}

/** Keys that the live pipeline left alone. */
function comparedRows(figures: ReconciliationFigures): number {
  const { rowsSame, rowsTolerated, rowsChanged, rowsAdded, rowsRemoved } = figures;
  return rowsSame + rowsTolerated + rowsChanged + rowsAdded + rowsRemoved;
}

/** Both ways, never netted: a transform that replaces every key adds as many rows as it removes. */
function rowsMoved({ rowsAdded, rowsRemoved }: ReconciliationFigures): string {
  const moved = [...(rowsAdded > 0 ? [`+${rowsAdded}`] : []), ...(rowsRemoved > 0 ? [`-${rowsRemoved}`] : [])];
  return moved.length === 0 ? '0' : moved.join(' ');
}

function check(name: string, level: Check['level'], figure: number | string, limit: string, passes: boolean): Check {
  const verdict: Verdict = passes ? 'pass' : 'fail';
  return { name, level, verdict, figure: `${figure}`, limit };
}
