import { describe, expect, it } from 'vitest';
import { figuresOf, renderScale } from '../../bench/scale/figures.ts';
import type { ScaleRun } from '../../bench/scale/measured.ts';

const MIB = 2 ** 20;
const SMALL: ScaleRun = {
  partitions: 480,
  batches: 20,
  milliseconds: 1_000,
  firstTenth: 60,
  lastTenth: 40,
  runs: [237],
  peakBuildingBytes: 240 * MIB,
  peakRssBytes: 250 * MIB,
};
const LARGE: ScaleRun = {
  partitions: 4_800,
  batches: 200,
  milliseconds: 9_000,
  firstTenth: 40,
  lastTenth: 50,
  runs: [1_500, 288],
  peakBuildingBytes: 260 * MIB,
  peakRssBytes: 275 * MIB,
};

describe('figures of scale', () => {
  it('compare the larger run with the smaller, and its end with its beginning', () => {
    expect(figuresOf(SMALL, LARGE)).toEqual({
      partitions: 4_800,
      maxEventsPerRun: 1_500,
      rssRatio: 1.1,
      costDriftRatio: 1.25,
      costBySizeRatio: 0.9,
    });
  });

  it('have no memory where the system does not tell', () => {
    expect(figuresOf({ ...SMALL, peakRssBytes: null }, LARGE).rssRatio).toBeNull();
    expect(renderScale({ ...SMALL, peakRssBytes: null }, LARGE)).toContain(
      'peak memory of the worker was not measured',
    );
  });

  it('are a table and a sentence', () => {
    expect(renderScale(SMALL, LARGE).split('\n\n').at(-1)).toBe(
      'From 480 to 4,800 partitions: peak memory of the worker × 1.10, time of a batch × 0.90; within the larger run, a batch of the last tenth took 1.25 of one of the first.',
    );
  });
});
