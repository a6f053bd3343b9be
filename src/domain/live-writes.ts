import type { Convergence } from './convergence.ts';

/** How far the overlay is behind the live pipeline, as it was measured at one instant. */
export interface LiveWrites extends Convergence {
  readonly at: string;
  readonly openMarks: number;
  readonly dirtyPartitions: number;
  /** When the oldest write was marked that no rebuild has answered; null where none is open. */
  readonly oldestMarkAt: string | null;
  /** Since when the lag is beyond `publication.late_drift.max_lag`; null where it is not, or nothing is published. */
  readonly beyondLimitSince: string | null;
  /** Where the base is compared instead of watched by triggers: no write from before this instant is unknown. Else null. */
  readonly comparedAsOf: string | null;
}

/** Age of the oldest write that is not followed; where the base is compared, of the oldest that may be unknown. */
export function lagSeconds({
  at,
  oldestMarkAt,
  comparedAsOf,
}: Pick<LiveWrites, 'at' | 'oldestMarkAt' | 'comparedAsOf'>): number {
  const age = (instant: string | null): number =>
    instant === null ? 0 : Math.max(0, (Date.parse(at) - Date.parse(instant)) / 1_000);
  return Math.max(age(oldestMarkAt), age(comparedAsOf));
}

/** What the rebuilds that are left would take, as rebuilds took so far; null where that is not known. */
export function drainSeconds({ dirtyPartitions, secondsPerRebuild }: LiveWrites): number | null {
  if (dirtyPartitions === 0) return 0;
  return secondsPerRebuild === null ? null : dirtyPartitions * secondsPerRebuild;
}

/**
 * Whether a lag that is beyond its limit begins or ends. It ends at half of the limit, so that one which moves about the
 * limit is told once.
 */
export function lagTurns(seen: LiveWrites, limitMs: number): 'begins' | 'ends' | null {
  const lagMs = lagSeconds(seen) * 1_000;
  if (seen.beyondLimitSince === null) return lagMs > limitMs ? 'begins' : null;
  return lagMs <= limitMs / 2 ? 'ends' : null;
}

/** One sentence for people: what is open, since when, how long it takes, whether it comes to an end. */
export function describeLiveWrites(seen: LiveWrites): string {
  const open =
    seen.openMarks === 0
      ? 'all followed'
      : `${counted(seen.dirtyPartitions, 'partition')} to rebuild (${counted(seen.openMarks, 'mark')}, the oldest of ${seen.oldestMarkAt ?? 'an unknown instant'})`;
  const drain = drainSeconds(seen);
  return [
    open,
    ...(seen.openMarks > 0 && drain !== null ? [`about ${seconds(drain)} of rebuilding left`] : []),
    ...(seen.load === null ? [] : [describeLoad(seen)]),
    ...(seen.comparedAsOf === null ? [] : [`every partition compared as of ${seen.comparedAsOf}`]),
    ...(seen.beyondLimitSince === null ? [] : [`beyond the limit since ${seen.beyondLimitSince}`]),
  ].join('; ');
}

function describeLoad({ dirtiedPerSecond, secondsPerRebuild, load, converges }: LiveWrites): string {
  const verdict = converges === null ? 'too early to tell' : converges ? 'comes to an end' : 'comes to no end';
  return `${rate(dirtiedPerSecond)} partitions dirtied a second × ${seconds(secondsPerRebuild ?? 0)} a rebuild = ${rate(load)}: ${verdict}`;
}

/** Why a run is not published while the pipeline outruns it, and what a person can do. */
export function describeDivergence(dataset: string, seen: LiveWrites): string {
  return `live writes dirty ${rate(seen.dirtiedPerSecond)} partitions of ${dataset} a second, and rebuilding one takes ${seconds(seen.secondsPerRebuild ?? 0)}: the product is ${rate(seen.load)}, and only below 1 does catching up come to an end; ${counted(seen.dirtyPartitions, 'partition')} dirty now. Retry when the pipeline writes less into the interval, or leave the partitions that it keeps writing out of source_range`;
}

function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

function seconds(value: number): string {
  return value < 1 ? `${Math.round(value * 1_000)} ms` : `${value.toFixed(1)} s`;
}

function rate(value: number | null): string {
  return value === null
    ? 'unknown'
    : value
        .toPrecision(3)
        .replace(/(\.\d*?)0+$/, '$1')
        .replace(/\.$/, '');
}
