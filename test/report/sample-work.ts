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

/** Two days reproduced, in one of which inputs changed; one row that the pipeline wrote otherwise. */
export const SAMPLE_LOGIC: Report['logic'] = {
  reproduction: {
    partitions: [
      {
        partition: '2025-01-02',
        rows: 2,
        reproduced: 1,
        alreadyCorrected: 0,
        drifted: 1,
        columns: { net_revenue: 1 },
        effects: { revenue: { input: '-20.00', logic: '-100.50', delta: '-120.50' } },
      },
    ],
    effects: { revenue: { input: '-20.00', logic: '-100.50', delta: '-120.50' } },
  },
  seamRows: [
    {
      partition: '2025-01-05',
      key: { revenue_date: '2025-01-05', merchant_id: '7' },
      missing: null,
      columns: { net_revenue: { published: '10.01', corrected: '10.00' } },
    },
  ],
  eras: [
    { era: 1, from: '2024-01-01', file: 'transforms/corrected.sql', transformSha256: 'd'.repeat(64), partitions: 4 },
  ],
};
