import type { BackfillSpec, PercentRange } from './backfill-spec.ts';
import type { ComparedDimensions, ComparedPartition, ComparedValue } from './comparison.ts';
import { MOST_VALUES } from './comparison.ts';
import { formatPercent, isInside, percentChange } from './percent-change.ts';
import type { MeasureTotals, ReconciliationFigures } from './reconciliation-figures.ts';
import { deviation, median } from './robust.ts';
import type { Check } from './verdict.ts';

const NOTHING: MeasureTotals = { old: '0', new: '0' };
/** Findings that are named; the others are counted. */
const NAMED = 5;

interface Part {
  readonly name: string;
  readonly percent: number | null;
}

/** A range for single partitions, judged in each of them. */
export function partitionCheck(measure: string, range: PercentRange, partitions: readonly ComparedPartition[]): Check {
  const outside = partsOutside(
    partitions.map((one) => ({ ...one, value: one.partition })),
    measure,
    range,
  );
  return {
    name: `partition_delta:${measure}`,
    level: 'aggregate',
    verdict: outside.length === 0 ? 'pass' : 'fail',
    figure: outside.length === 0 ? `${partitions.length} partitions inside` : listed(outside, 'partition '),
    limit: `${range.low}% to ${range.high}% in every partition`,
  };
}

/** The same of the whole run, from what its batches counted. */
export function partitionCount(measure: string, range: PercentRange, figures: ReconciliationFigures): Check {
  const outside = figures.partitionsOutside[measure] ?? 0;
  return {
    name: `partition_delta:${measure}`,
    level: 'aggregate',
    verdict: outside === 0 ? 'pass' : 'fail',
    figure: `${outside} of ${figures.partitionsPlanned} partitions outside`,
    limit: `0, ${range.low}% to ${range.high}% in every partition`,
  };
}

/** By measure with such a range: partitions outside it. */
export function countOutside(
  partitions: readonly ComparedPartition[],
  { deltaExpected }: Pick<BackfillSpec['validation'], 'deltaExpected'>,
): Record<string, number> {
  const named = partitions.map((one) => ({ ...one, value: one.partition }));
  return Object.fromEntries(
    Object.entries(deltaExpected).flatMap(([measure, { partition: range }]) =>
      range === undefined ? [] : [[measure, partsOutside(named, measure, range).length]],
    ),
  );
}

/** Every value of a dimension: within the range that is expected of each, and which values change unlike the others. */
export function dimensionChecks(
  dimensions: ComparedDimensions,
  { measures }: Pick<ReconciliationFigures, 'measures'>,
  { deltaExpectedBy }: Pick<BackfillSpec['validation'], 'deltaExpectedBy'>,
): Check[] {
  return Object.entries(dimensions).flatMap(([dimension, values]) =>
    Object.keys(measures).flatMap((measure): Check[] => {
      const range = deltaExpectedBy[measure]?.[dimension];
      if (range !== undefined) return [rangeCheck(measure, dimension, range, values)];
      return values === null ? [] : standingOut(measure, dimension, values);
    }),
  );
}

function rangeCheck(
  measure: string,
  dimension: string,
  range: PercentRange,
  values: readonly ComparedValue[] | null,
): Check {
  const check = {
    name: `delta_by:${measure}/${dimension}`,
    level: 'aggregate' as const,
    limit: `${range.low}% to ${range.high}% for every ${dimension}`,
  };
  if (values === null) return { ...check, verdict: 'fail', figure: `more than ${MOST_VALUES} values, none looked at` };
  const outside = partsOutside(values, measure, range);
  return outside.length === 0
    ? { ...check, verdict: 'pass', figure: `${values.length} values inside` }
    : { ...check, verdict: 'fail', figure: listed(outside, `${dimension} `) };
}

/** So many usual distances from the middle one, and at least so many points of a per cent. */
const DEVIATIONS = 6;
const LEAST_POINTS = 2;

/** For information: half of a correction's subjects may rightly change and half of them not. */
function standingOut(measure: string, dimension: string, values: readonly ComparedValue[]): Check[] {
  const parts = partsOf(values, measure);
  const changes = parts.flatMap(({ percent }) => (percent === null ? [] : [percent]));
  if (changes.every((percent) => percent === 0)) return [];
  const [middle, usual] = [median(changes), Math.max(DEVIATIONS * deviation(changes), LEAST_POINTS)];
  const out = parts
    .filter(({ percent }) => percent === null || !(Math.abs(percent - middle) <= usual))
    .sort((a, b) => Math.abs((b.percent ?? Infinity) - middle) - Math.abs((a.percent ?? Infinity) - middle));
  if (out.length === 0) return [];
  const figure = `${out.length} of ${parts.length} values change unlike the others (${formatPercent(middle)}): ${listed(out, '')}`;
  return [
    { name: `stands_out:${measure}/${dimension}`, level: 'aggregate', verdict: 'info', figure, limit: 'none set' },
  ];
}

function partsOutside(values: readonly ComparedValue[], measure: string, range: PercentRange): Part[] {
  return partsOf(values, measure).filter(({ percent }) => !isInside(percent, range));
}

function partsOf(values: readonly ComparedValue[], measure: string): Part[] {
  return values
    .filter(({ rowsOld, rowsNew }) => rowsOld > 0 || rowsNew > 0)
    .map(({ value, measures }) => ({ name: value ?? 'null', percent: percentChange(measures[measure] ?? NOTHING) }));
}

function listed(parts: readonly Part[], what: string): string {
  const named = parts.slice(0, NAMED).map(({ name, percent }) => `${formatPercent(percent)} in ${what}${name}`);
  const more = parts.length > NAMED ? [`and ${parts.length - NAMED} more`] : [];
  return [...named, ...more].join(', ');
}
