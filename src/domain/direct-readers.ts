import type { BackfillSpec } from './backfill-spec.ts';

/**
 * Where somebody reads the base table past the view, corrected rows are moved into it in one transaction, or they would see
 * a mixture that is true of no version of history.
 */
export function movesAtOnce(spec: Pick<BackfillSpec, 'publication'>): boolean {
  return spec.publication.directReaders.length > 0;
}

/** A transaction of this many rows takes some ten minutes, in which the live pipeline waits behind each row it holds. */
const ROWS_AT_ONCE = 10_000_000;

/** Why these direct readers cannot be accepted; none where they can. */
export function refusedAtOnce(spec: Pick<BackfillSpec, 'publication'>, rows: number): string[] {
  if (!movesAtOnce(spec) || rows <= ROWS_AT_ONCE) return [];
  return [
    `publication.direct_readers accepts readers of the base table, for whose sake about ${rows} rows would be moved into it in one transaction; ${ROWS_AT_ONCE} is the most that is bearable for the live pipeline: let them read the view, or correct the interval in parts`,
  ];
}
