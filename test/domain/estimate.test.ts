import { describe, expect, it } from 'vitest';
import { estimateRun, samplePartitions } from '../../src/domain/estimate.ts';

const sample = (plannedRows: number, durationMs = 100) => ({
  partition: '2025-01-01',
  plannedRows: 7,
  scannedRows: plannedRows,
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
  sourceTotals: 1,
  inputs: { bytes: 1_000, durationMs: 10 },
  survey: null,
  prices: null,
};

describe('the estimate of a run', () => {
  it('scales samples by the rows that they really scanned to those that the planner expects of all', () => {
    expect(estimateRun(INPUT)).toEqual({
      partitions: 100,
      batches: 10,
      connections: 6,
      claims: 8,
      events: 348,
      scannedRows: 10_000,
      rowsOut: 2_000,
      bytesScanned: 200_000_000,
      checkBytes: 200_012_000,
      busyMs: 36_620,
      runtimeMs: { low: 12_817, high: 54_930 },
      cost: null,
      prices: null,
      samples: INPUT.samples,
      survey: null,
      inputs: INPUT.inputs,
    });
  });

  it('takes so much a partition and so much a row, where partitions differ in size', () => {
    const sized = (rows: number) => ({ ...sample(rows), bytes: 8_192 * 3 + rows * 100 });
    const { bytesScanned } = estimateRun({ ...INPUT, samples: [sized(10), sized(100), sized(1_000)] });
    expect(bytesScanned).toBe(100 * 8_192 * 3 + 10_000 * 100);
  });

  it('expects the shortest runtime from lanes that share the work, and the longest from none', () => {
    const one = estimateRun({ ...INPUT, lanes: 1 }).runtimeMs;
    const four = estimateRun({ ...INPUT, lanes: 4 }).runtimeMs;
    expect(four.low).toBe(Math.round(one.low / 4));
    expect(four.high).toBe(one.high);
  });

  it('prices bytes, those of checks too, and hours, to the cent and as a range', () => {
    const prices = { perTib: 5, perHour: 2, currency: 'EUR' };
    const run = { ...INPUT, plannedRows: 1_000_000_000, prices };
    expect(estimateRun(run).cost).toEqual({
      amount: 2181.9,
      low: 1563.71,
      high: 3200.09,
      currency: 'EUR',
    });
    expect(estimateRun({ ...run, prices: { ...prices, perTib: null } }).cost?.amount).toBe(2000);
  });

  it('is what the partitions cost by their number when nothing was sampled, or the samples scanned nothing', () => {
    expect(estimateRun({ ...INPUT, samples: [], plannedRows: 0 })).toMatchObject({ bytesScanned: 0, rowsOut: 0 });
    expect(estimateRun({ ...INPUT, samples: [sample(0)], plannedRows: 0 })).toMatchObject({
      bytesScanned: 100_000_000,
      rowsOut: 1_000,
    });
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
