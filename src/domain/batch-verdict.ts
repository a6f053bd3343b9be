import type { DeltaLevel, PercentRange } from './backfill-spec.ts';
import type { Check, Verdict } from './verdict.ts';

/** Totals of one measure over old rows, new rows, and what live writes alone changed. Decimal text, exact. */
export interface MeasureTotals {
  readonly old: string;
  readonly new: string;
}

/** What one pass over snapshot, shadow and base found in a batch or in the whole run. Counts are exact. */
export interface ReconciliationFigures {
  readonly partitionsPlanned: number;
  readonly partitionsBuilt: number;
  readonly rowsOld: number;
  readonly rowsNew: number;
  readonly rowsSame: number;
  readonly rowsChanged: number;
  readonly rowsAdded: number;
  readonly rowsRemoved: number;
  /** Keys where the base differs from the snapshot: written by the live pipeline, kept out of every other figure. */
  readonly rowsLive: number;
  /** Over those rows alone: as the snapshot kept them, as the base has them. */
  readonly liveMeasures: Readonly<Record<string, MeasureTotals>>;
  readonly duplicateKeys: number;
  /** Batches in whose check no unique index held the shadow to the unique key. */
  readonly uniqueIndexMissing: number;
  /** Rows of the shadow that no checkpoint counted, or fewer than were counted, or of another run. */
  readonly rowsOutside: number;
  /** By required column: rows in which it is null. */
  readonly nulls: Readonly<Record<string, number>>;
  readonly measures: Readonly<Record<string, MeasureTotals>>;
  /** By source total: the largest absolute difference of any partition. */
  readonly sourceDifferences: Readonly<Record<string, string>>;
  /** By named explanation: changed rows it explains; rows that none explains. */
  readonly explained: Readonly<Record<string, number>>;
  readonly unexplained: number;
  /** By column that was added with a constant: base rows that hold something else. Only where there are such columns. */
  readonly constantsLost?: Readonly<Record<string, number>>;
}

export interface Expectations {
  readonly rowCountTolerance: number;
  readonly deltaExpected: Readonly<Record<string, Partial<Readonly<Record<DeltaLevel, PercentRange>>>>>;
  readonly sourceTolerances: Readonly<Record<string, number>>;
  readonly level: DeltaLevel;
}

/** Three levels, one list: structure first, then aggregates, then rows. */
export function judge(figures: ReconciliationFigures, expected: Expectations): readonly Check[] {
  return [...structural(figures, expected), ...aggregates(figures, expected), ...rows(figures)];
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
    if (range === undefined)
      return { name, level: 'aggregate', verdict: 'info', figure: formatPercent(percent), limit: 'none set' };
    const inside = percent !== null && percent >= range.low && percent <= range.high;
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
    return check(
      `source_total:${name}`,
      'aggregate',
      difference,
      `±${tolerance} in every partition`,
      Number(difference) <= tolerance,
    );
  });
  return [...deltas, ...totals];
}

function rows(figures: ReconciliationFigures): Check[] {
  const info = (name: string, figure: number): Check => ({
    name,
    level: 'row',
    verdict: 'info',
    figure: `${figure}`,
    limit: 'none set',
  });
  return [
    info('rows_changed', figures.rowsChanged),
    info('rows_live', figures.rowsLive),
    ...Object.entries(figures.explained).map(([name, count]) => info(`explained:${name}`, count)),
    info('unexplained', figures.unexplained),
  ];
}

/** Keys that the live pipeline left alone. */
function comparedRows({ rowsSame, rowsChanged, rowsAdded, rowsRemoved }: ReconciliationFigures): number {
  return rowsSame + rowsChanged + rowsAdded + rowsRemoved;
}

/** New against old in percent; null when there was nothing to compare with and something came. */
export function percentChange({ old, new: now }: MeasureTotals): number | null {
  const before = Number(old);
  const after = Number(now);
  if (before === after) return 0;
  return before === 0 ? null : ((after - before) / Math.abs(before)) * 100;
}

export function formatPercent(percent: number | null): string {
  return percent === null ? 'from nothing' : `${percent >= 0 ? '+' : ''}${percent.toFixed(3)}%`;
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
