import type { BoundaryTest } from './backfill-spec.ts';
import type { PartitionGrain } from './dataset-contract.ts';
import { deviation, median } from './robust.ts';
import type { Check } from './verdict.ts';

/** One partition of a measure's series. Outside the interval both values are those of the base. */
export interface SeriesPoint {
  readonly start: string;
  readonly end: string;
  /** Calendar month in the zone of the partitions: `2025-03`. */
  readonly month: string;
  /** Steps are compared with steps of the same season: the weekday of days, the hour of the day of hours. */
  readonly season: string;
  readonly inside: boolean;
  readonly old: number;
  readonly new: number;
}

type BoundaryKind = 'start of the interval' | 'end of the interval' | 'month';

interface Step {
  readonly at: string;
  readonly season: string;
  readonly kind: BoundaryKind | null;
  readonly old: number;
  readonly new: number;
}

interface Found {
  readonly step: Step;
  /** How far beyond its limit, in parts of it; above 1 it stands out. */
  readonly excess: number;
}

/**
 * Whether the corrected series steps where two pieces of it meet: at month ends and where it meets what is not corrected.
 * A step stands out when it is unlike the old table's own steps of the same season and larger there than the old table's;
 * within the interval also when the difference that the correction makes jumps there, as it does nowhere else.
 */
export function judgeBoundaries(
  measure: string,
  series: readonly SeriesPoint[],
  test: BoundaryTest,
  grain: PartitionGrain,
): Check {
  const steps = stepsOf(series, grain);
  const boundaries = steps.filter(({ kind }) => kind !== null);
  const check = {
    name: `boundary:${measure}`,
    level: 'run' as const,
    limit: `${test.deviations} usual deviations, at least ${test.leastPercent}%`,
  };
  if (boundaries.length === 0)
    return { ...check, verdict: 'inconclusive', figure: 'no month ends in the interval, and nothing lies beside it' };
  const judged = boundaries.map((step) => judgeStep(step, steps, test));
  const found = judged.filter((one) => one !== null);
  if (found.length === 0)
    return {
      ...check,
      verdict: 'inconclusive',
      figure: `too little history: fewer than ${test.history} steps of the same kind`,
    };
  const out = found.filter(({ excess }) => excess > 1).sort((a, b) => b.excess - a.excess);
  if (out.length > 0) return { ...check, verdict: 'fail', figure: out.slice(0, NAMED).map(described).join('; ') };
  const unjudged = judged.length - found.length;
  const figure = `${found.length} of ${judged.length} boundaries looked at, none stands out`;
  return {
    ...check,
    verdict: 'pass',
    figure: unjudged === 0 ? figure : `${figure}; too little history for ${unjudged}`,
  };
}

const NAMED = 3;

function described({ step, excess }: Found): string {
  const what = step.kind === 'month' ? 'beginning of a month' : (step.kind ?? '');
  return `${step.at} (${what}): ${percent(step.new)} in the new series, ${percent(step.old)} in the old one, ${excess.toFixed(1)} times what is allowed`;
}

function percent(step: number): string {
  const change = Math.expm1(step) * 100;
  return `${change >= 0 ? '+' : ''}${change.toFixed(1)}%`;
}

/** Null: there is too little to compare it with. */
function judgeStep(step: Step, steps: readonly Step[], test: BoundaryTest): Found | null {
  const least = Math.log1p(test.leastPercent / 100);
  const limitOf = (values: readonly number[]): number => Math.max(test.deviations * deviation(values), least);
  // Where the interval begins or ends, the old table has the very step that the correction is to take away.
  const usual = steps.filter((one) => one !== step && one.season === step.season && !isEnd(one)).map(({ old }) => old);
  if (usual.length < test.history) return null;
  const [middle, limit] = [median(usual), limitOf(usual)];
  const [now, before] = [Math.abs(step.new - middle), Math.abs(step.old - middle)];
  const stands = now - before > least ? now / limit : 0;
  return { step, excess: Math.max(stands, isEnd(step) ? 0 : jump(step, steps, limitOf, test)) };
}

/** How far the correction's own effect jumps: what it makes of a step that the old series has too, genuine or not. */
function jump(
  step: Step,
  steps: readonly Step[],
  limitOf: (values: readonly number[]) => number,
  { history }: BoundaryTest,
): number {
  const differences = steps.filter(({ kind }) => kind === null).map((one) => one.new - one.old);
  if (differences.length < history) return 0;
  return Math.abs(step.new - step.old - median(differences)) / limitOf(differences);
}

function isEnd({ kind }: Step): boolean {
  return kind !== null && kind !== 'month';
}

/** Steps between partitions that touch. Of months every step is one between months, so only the ends are boundaries. */
function stepsOf(series: readonly SeriesPoint[], grain: PartitionGrain): Step[] {
  return series.flatMap((point, index): Step[] => {
    const before = series[index - 1];
    if (before?.end !== point.start) return [];
    const kind: BoundaryKind | null =
      before.inside !== point.inside
        ? point.inside
          ? 'start of the interval'
          : 'end of the interval'
        : point.inside && grain !== 'month' && before.month !== point.month
          ? 'month'
          : null;
    const { start: at, season } = point;
    return [
      { at, season, kind, old: scaled(point.old) - scaled(before.old), new: scaled(point.new) - scaled(before.new) },
    ];
  });
}

/** Steps are relative: a series that doubles steps as far from ten as from a million. */
function scaled(value: number): number {
  return Math.sign(value) * Math.log1p(Math.abs(value));
}
