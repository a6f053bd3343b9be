import type { Report } from '../../src/report/report.ts';

export const NO_CONSUMERS = { monitors: [], downstream: [] };

/** Where the change of the sample report sits, and rows of it. */
export const WHERE: Pick<Report, 'partitionsOfNote' | 'headlineMeasure' | 'drillDowns' | 'examples'> = {
  partitionsOfNote: {
    listed: [{ partition: '2025-01-03', batch: 2, builds: 3, timeouts: 1, gateCancels: 0, waived: true }],
    most: 200,
  },
  headlineMeasure: 'revenue',
  drillDowns: [
    {
      dimension: 'merchant_id',
      measure: 'revenue',
      values: [
        { value: '17', rows: 4, delta: '-40000.00', shareOfRows: 0.25, shareOfDelta: 0.8333, lift: 3.3333 },
        { value: null, rows: 4, delta: '-8000.00', shareOfRows: 0.25, shareOfDelta: 0.1667, lift: 0.6667 },
      ],
      others: { values: 3, rows: 8, delta: '0.00', shareOfRows: 0.5, shareOfDelta: 0, lift: 0 },
    },
    { dimension: 'note', measure: 'revenue', values: null, others: null },
  ],
  examples: {
    changed: [
      {
        key: { revenue_date: '2025-01-02', merchant_id: 'masked:0a1b2c3d' },
        class: 'changed',
        old: '12.00',
        new: '10.00',
        explanation: 'tax_was_included',
        columns: 'net_revenue',
      },
    ],
    unchanged: [
      {
        key: { revenue_date: '2025-01-02', merchant_id: 18 },
        class: 'same',
        old: '7.00',
        new: '7.00',
        explanation: null,
        columns: null,
      },
    ],
  },
};

export const DELTAS: Report['figures']['deltas'] = {
  '-10000': { rows: '2', delta: '-47998.00' },
  '-1': { rows: '1', delta: '-2.00' },
  '0': { rows: '1', delta: '0.00' },
};
