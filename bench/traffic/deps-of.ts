import { join } from 'node:path';
import type pg from 'pg';
import type { ActivityDeps } from '../../activities/deps.ts';

/** What a worker has; its clock stands after the whole history. */
export function depsOf(pool: pg.Pool, contracts: string): ActivityDeps {
  return {
    pool,
    contracts: { folder: contracts, allowDirty: true },
    reportsFolder: join(contracts, 'reports'),
    prices: null,
    secret: () => null,
    now: () => new Date('2026-01-15T12:00:00Z'),
  };
}
