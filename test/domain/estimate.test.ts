import { describe, expect, it } from 'vitest';
import { estimateRun, samplePartitions } from '../../src/domain/estimate.ts';

const sample = (plannedRows: number, durationMs = 100) => ({
  partition: '2025-01-01',
  plannedRows,
  rowsOut: 10,
  bytes: 1_000_000,
  durationMs,
});
const INPUT = {
  partitions: 100,
  batches: 10,
  lanes: 2,
  plannedRows: 10_000,
  samples: [sample(40), sample(60)],
  prices: null,
};

describe('the estimate of a run', () => {
  it('scales samples by the rows that the planner expects, and gives the runtime as a range', () => {
    expect(estimateRun(INPUT)).toEqual({
      partitions: 100,
      batches: 10,
      connections: 4,
      scannedRows: 10_000,
      rowsOut: 2_000,
      bytesScanned: 200_000_000,
      runtimeMs: { low: 12_775, high: 54_750 },
      cost: null,
      samples: INPUT.samples,
    });
  });

  it('expects the shortest runtime from lanes that share the work, and the longest from none', () => {
    const one = estimateRun({ ...INPUT, lanes: 1 }).runtimeMs;
    const four = estimateRun({ ...INPUT, lanes: 4 }).runtimeMs;
    expect(four.low).toBe(Math.round(one.low / 4));
    expect(four.high).toBe(one.high);
  });

  it('prices bytes and hours, to the cent', () => {
    const prices = { perTib: 5, perHour: 2, currency: 'EUR' };
    const run = { ...INPUT, plannedRows: 1_000_000_000, prices };
    expect(estimateRun(run).cost).toEqual({ amount: 2090.95, currency: 'EUR' });
    expect(estimateRun({ ...run, prices: { ...prices, perTib: null } }).cost?.amount).toBe(2000);
  });

  it('is what the partitions cost by their number when nothing was sampled or the planner expects no row', () => {
    for (const samples of [[], [sample(0)]]) {
      const estimate = estimateRun({ ...INPUT, samples, plannedRows: 0 });
      expect(estimate).toMatchObject({ bytesScanned: 0, runtimeMs: { low: 175, high: 750 } });
    }
  });
});

describe('the partitions worth running', () => {
  it('are spread over the sizes, in the order of their number', () => {
    const planned = Array.from({ length: 11 }, (_, index) => ({ ordinal: index + 1, rows: (11 - index) * 100 }));
    expect(samplePartitions(planned)).toEqual([2, 4, 6, 8, 10]);
  });

  it('are as many as there are where there are few', () => {
    expect(samplePartitions([])).toEqual([]);
    expect(samplePartitions([{ ordinal: 7, rows: 1 }])).toEqual([7]);
    expect(
      samplePartitions([
        { ordinal: 1, rows: 5 },
        { ordinal: 2, rows: 5 },
      ]),
    ).toEqual([1]);
  });
});
