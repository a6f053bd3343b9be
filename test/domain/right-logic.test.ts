import { describe, expect, it } from 'vitest';
import type { ReproducedPartition } from '../../src/domain/reproduction.ts';
import { judgeReproduction } from '../../src/domain/reproduction.ts';
import type { SeamPartition } from '../../src/domain/seam.ts';
import { judgeSeam } from '../../src/domain/seam.ts';

const reproduced = (found: Partial<ReproducedPartition>): ReproducedPartition => ({
  partition: '2025-01-03',
  rows: 0,
  reproduced: 0,
  alreadyCorrected: 0,
  drifted: 0,
  columns: {},
  effects: {},
  ...found,
});
const reproduction = (...partitions: Partial<ReproducedPartition>[]) =>
  judgeReproduction({ partitions: partitions.map(reproduced), effects: {} }, 0)[0];

describe('the reproduction proof', () => {
  it('proves nothing on partitions that tell nothing', () => {
    expect(reproduction({}, {})).toMatchObject({
      verdict: 'inconclusive',
      figure: '2 sample partitions tell nothing: no row is published in them',
    });
    expect(reproduction({ rows: 5, alreadyCorrected: 5 })).toMatchObject({
      verdict: 'inconclusive',
      figure: '1 sample partitions tell nothing: all 5 rows hold the corrected logic already',
    });
  });

  it('passes on one row that the trusted logic gives, and fails on one that nothing explains', () => {
    expect(reproduction({}, { rows: 1, reproduced: 1 })?.verdict).toBe('pass');
    expect(reproduction({ rows: 5, alreadyCorrected: 4, drifted: 1, columns: { net: 1 } })).toMatchObject({
      verdict: 'fail',
      figure: '1 of 5 rows of partition 2025-01-03 drifted (net in 1)',
    });
  });
});

const seam = (...found: [rows: number, fresh?: 'fresh'][]) =>
  judgeSeam(
    found.map(([differing, fresh], index): SeamPartition => ({
      partition: `2025-02-0${index + 1}`,
      fresh: fresh !== undefined,
      rows: 5,
      differing,
      columns: differing > 0 ? { net: differing } : {},
    })),
  );

describe('the seam proof', () => {
  it('is inconclusive when only what ended just now differs', () => {
    expect(seam([0], [0], [2, 'fresh'])).toMatchObject({
      verdict: 'inconclusive',
      figure:
        '2 rows differ in partition 2025-02-03, which holds 5 (net in 2); it ended so lately that it may be written yet',
    });
  });

  it('fails when an older partition differs, alone or with the newest', () => {
    expect(seam([0], [1], [0, 'fresh']).verdict).toBe('fail');
    expect(seam([0], [1], [1, 'fresh']).verdict).toBe('fail');
    expect(seam([1]).verdict).toBe('fail');
  });

  it('passes when all are equal, and is inconclusive without any', () => {
    expect(seam([0], [0], [0, 'fresh']).verdict).toBe('pass');
    expect(seam().verdict).toBe('inconclusive');
  });
});
