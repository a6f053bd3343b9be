import type { Report } from '../../src/report/report.ts';

/** What it was estimated to take, and what it took. */
export const SAMPLE_WORK: Report['work'] = {
  estimate: {
    partitions: 4,
    batches: 2,
    connections: 4,
    scannedRows: 4_000,
    rowsOut: 8,
    bytesScanned: 1_200_000,
    runtimeMs: { low: 800, high: 4_200 },
    cost: { amount: 1.5, low: 1.1, high: 2.25, currency: 'EUR' },
    claims: 1,
    events: 306,
    checkBytes: 1_200_000,
    busyMs: 2_400,
    prices: { perTib: null, perHour: 2_250, currency: 'EUR' },
    samples: [],
    survey: null,
    inputs: { bytes: 0, durationMs: 0 },
  },
  actual: {
    buildBytes: 1_250_000,
    checkBytes: 900_000,
    otherBytes: 0,
    cachedBytes: 400_000,
    busyMs: 2_300,
    buildingMs: 61_000,
  },
  rowsWritten: 8,
};
