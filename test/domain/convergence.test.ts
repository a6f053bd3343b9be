import { describe, expect, it } from 'vitest';
import type { CatchUpPasses } from '../../src/domain/convergence.ts';
import { judgeConvergence } from '../../src/domain/convergence.ts';
import type { LiveWrites } from '../../src/domain/live-writes.ts';
import {
  describeDivergence,
  describeLiveWrites,
  drainSeconds,
  lagSeconds,
  lagTurns,
} from '../../src/domain/live-writes.ts';

/** Twenty passes of three partitions in forty seconds, something dirty all the while. */
const BUSY: CatchUpPasses = { passes: 20, rebuilt: 60, dirtied: 60, busySeconds: 40, elapsedSeconds: 40 };

describe('whether rebuilds outrun the live pipeline', () => {
  it('they do not where as many partitions become dirty as are rebuilt', () => {
    expect(judgeConvergence(BUSY)).toMatchObject({ dirtiedPerSecond: 1.5, load: 1, converges: false });
    expect(judgeConvergence({ ...BUSY, dirtied: 75 })).toMatchObject({ load: 1.25, converges: false });
  });

  it.each<[string, Partial<CatchUpPasses>, number]>([
    ['fewer become dirty', { dirtied: 54 }, 0.9],
    ['the pipeline pauses', { busySeconds: 30, dirtied: 60 }, 0.75],
    ['a whole table was truncated once, and what is dirty grows less', { dirtied: -40 }, 0],
  ])('they do where %s', (_why, different, load) => {
    const judged = judgeConvergence({ ...BUSY, ...different });
    expect(judged.converges).toBe(true);
    expect(judged.load).toBeCloseTo(load, 6);
  });

  it.each<[string, Partial<CatchUpPasses>]>([
    ['after nineteen passes', { passes: 19 }],
    ['after a moment, however many passes it had', { passes: 400, busySeconds: 29, elapsedSeconds: 29 }],
    ['after four passes, however long they took', { passes: 4, busySeconds: 5_000, elapsedSeconds: 5_000 }],
  ])('is not known %s, and the figures are shown all the same', (_when, different) => {
    const judged = judgeConvergence({ ...BUSY, ...different });
    expect(judged.converges).toBeNull();
    expect(judged.load).toBeCloseTo(1, 6);
  });

  it('is known after five passes where they took ten minutes', () => {
    const judged = judgeConvergence({ ...BUSY, passes: 5, busySeconds: 600, elapsedSeconds: 600 });
    expect(judged).toMatchObject({ secondsPerRebuild: 10, converges: false });
  });

  it('is not known before anything was rebuilt', () => {
    const none = { passes: 0, rebuilt: 0, dirtied: 0, busySeconds: 0, elapsedSeconds: 0 };
    expect(judgeConvergence(none)).toEqual({
      dirtiedPerSecond: null,
      secondsPerRebuild: null,
      load: null,
      converges: null,
    });
  });
});

const SEEN: LiveWrites = {
  at: '2026-06-15T10:20:00.000Z',
  openMarks: 34,
  dirtyPartitions: 3,
  oldestMarkAt: '2026-06-15T10:00:00.000Z',
  ...judgeConvergence(BUSY),
  beyondLimitSince: null,
  comparedAsOf: null,
};

describe('the lag behind the live pipeline', () => {
  it('is the age of the oldest write that is not followed', () => {
    expect(lagSeconds(SEEN)).toBe(1_200);
    expect(lagSeconds({ ...SEEN, oldestMarkAt: null })).toBe(0);
    expect(drainSeconds(SEEN)).toBe(2);
    expect(drainSeconds({ ...SEEN, dirtyPartitions: 0 })).toBe(0);
    expect(drainSeconds({ ...SEEN, secondsPerRebuild: null })).toBeNull();
  });

  it('is told once when it goes beyond its limit, and ends at half of it or when nothing is open', () => {
    const beyond = { ...SEEN, beyondLimitSince: SEEN.at };
    expect(lagTurns(SEEN, 1_200_000)).toBeNull();
    expect(lagTurns(SEEN, 1_199_999)).toBe('begins');
    expect(lagTurns(beyond, 1_199_999)).toBeNull();
    expect(lagTurns(beyond, 2_399_999)).toBeNull();
    expect(lagTurns(beyond, 2_400_000)).toBe('ends');
    expect(lagTurns({ ...beyond, openMarks: 0, oldestMarkAt: null }, 1)).toBe('ends');
  });

  it('of a base that is compared is as old as a write may be that nobody has seen', () => {
    const compared = { ...SEEN, openMarks: 0, oldestMarkAt: null, comparedAsOf: '2026-06-15T09:50:00.000Z' };
    expect(lagSeconds(compared)).toBe(1_800);
    expect(lagTurns(compared, 1_200_000)).toBe('begins');
  });

  it('reads as one sentence', () => {
    expect(describeLiveWrites(SEEN)).toMatchInlineSnapshot(
      `"3 partitions to rebuild (34 marks, the oldest of 2026-06-15T10:00:00.000Z); about 2.0 s of rebuilding left; 1.5 partitions dirtied a second × 667 ms a rebuild = 1: comes to no end"`,
    );
    const quiet = { ...SEEN, openMarks: 0, dirtyPartitions: 0, oldestMarkAt: null, load: null };
    expect(describeLiveWrites(quiet)).toBe('all followed');
    expect(
      describeLiveWrites({ ...quiet, comparedAsOf: '2026-06-15T10:19:00.000Z', beyondLimitSince: SEEN.at }),
    ).toMatchInlineSnapshot(
      `"all followed; every partition compared as of 2026-06-15T10:19:00.000Z; beyond the limit since 2026-06-15T10:20:00.000Z"`,
    );
    expect(describeDivergence('finance.daily_revenue', SEEN)).toMatchInlineSnapshot(
      `"live writes dirty 1.5 partitions of finance.daily_revenue a second, and rebuilding one takes 667 ms: the product is 1, and only below 1 does catching up come to an end; 3 partitions dirty now. Retry when the pipeline writes less into the interval, or leave the partitions that it keeps writing out of source_range"`,
    );
  });
});
