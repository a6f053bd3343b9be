import type { BackfillSpec } from '../../src/domain/backfill-spec.ts';

export const NO_CONSUMERS = { monitors: [], downstream: [] };

/** The sections of a spec that say what happens after the evidence. */
export const PUBLISHED_LATER: Pick<BackfillSpec, 'publication' | 'rollback'> = {
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
