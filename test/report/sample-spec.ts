import type { BackfillSpec } from '../../src/domain/backfill-spec.ts';
import { EXPECTS_NOTHING } from '../support/expectations.ts';

export const SPEC: BackfillSpec = {
  backfillId: 'revenue-tax-fix',
  owner: 'finance-data',
  sourceRange: { start: '2025-01-01', end: '2025-01-04' },
  interval: [{ start: '2025-01-01', end: '2025-01-05' }],
  target: { table: { schema: 'finance', name: 'daily_revenue' }, partitionKey: 'revenue_date' },
  reason: { issue: 'FIN-2841', change: 'Correct tax-inclusive revenue calculation' },
  execution: {
    partitionsPerBatch: 2,
    maxConcurrency: 2,
    pauseDuringLivePipeline: true,
    order: 'oldest_first',
    queryTimeoutMs: 900_000,
    lockTimeoutMs: 1_000,
    dailyBytesBudget: null,
    pauseWindows: [],
  },
  validation: {
    ...EXPECTS_NOTHING,
    deltaExpected: { revenue: { batch: { low: -1.5, high: -0.8 }, run: { low: -1.5, high: -0.8 } } },
  },
  publication: {
    strategy: 'pointer',
    lateDrift: { partitionsPercent: 1, measurePercent: 0.1, maxLagMs: 900_000 },
    maxFenceMs: 3_000,
    directReaders: [],
    announce: [],
  },
  rollback: {
    snapshot: { schema: 'finance', name: 'daily_revenue_pre' },
    windowMs: 7 * 86_400_000,
    retainAfterSignOffMs: 7 * 86_400_000,
    monitors: true,
    autoRollback: true,
  },
};
