import { describe, expect, it } from 'vitest';
import type { PlannedSize } from '../../src/domain/partition-survey.ts';
import { outliers } from '../../src/domain/partition-survey.ts';

const sizes = (rows: readonly number[], weekend: boolean | null = null): PlannedSize[] =>
  rows.map((one, index) => ({ start: `${String(weekend)} ${index}`, rows: one, weekend }));

describe('partitions that stand out', () => {
  it('are those far above and far below, the farthest first, by a measure that they do not move themselves', () => {
    const found = outliers(sizes([100, 104, 96, 110, 90, 2_000, 102, 3, 98]));
    expect(found).toEqual([
      { partition: 'null 7', rows: 3, times: 0.03 },
      { partition: 'null 5', rows: 2_000, times: 20 },
    ]);
  });

  it('are none where all are of one size, of few, or up to threefold of another', () => {
    expect(outliers(sizes([100, 100, 100, 100, 100, 100]))).toEqual([]);
    expect(outliers(sizes([1, 1_000, 1, 1]))).toEqual([]);
    expect(outliers(sizes([100, 100, 100, 100, 100, 299]))).toEqual([]);
  });

  it('are looked for among weekdays and among weekends', () => {
    const week = sizes([100, 101, 99, 100, 102, 98, 100], false);
    const weekend = sizes([10, 11, 9, 10, 10], true);
    expect(outliers([...week, ...weekend])).toEqual([]);
    expect(outliers([...week, ...weekend, ...sizes([100], true)])).toHaveLength(1);
  });
});
