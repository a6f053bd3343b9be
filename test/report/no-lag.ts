import type { LiveWrites } from '../../src/domain/live-writes.ts';

/** Nothing is open, and nothing was followed yet. */
export const NO_LAG: LiveWrites = {
  at: '2026-06-15T10:00:00.000Z',
  openMarks: 0,
  dirtyPartitions: 0,
  oldestMarkAt: null,
  dirtiedPerSecond: null,
  secondsPerRebuild: 0.25,
  load: null,
  converges: null,
  beyondLimitSince: null,
  comparedAsOf: null,
};
