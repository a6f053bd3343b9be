import { FLUSH_BLOCKS_READ } from '../warehouse/postgres/statements/blocks-read.ts';
import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

export interface Spent {
  readonly what: string;
  readonly bytes: number;
  readonly cachedBytes: number;
  readonly durationMs: number;
}

/** What the session read by the end of this transaction counts as recorded. */
export function recordSpending(backfillId: string, spent: Spent): Sql {
  return sql(
    `INSERT INTO governance.backfill_spending (backfill_id, what, bytes, cached_bytes, duration_ms)
     SELECT $1, $2, $3::bigint, $4::bigint, $5::bigint FROM ${FLUSH_BLOCKS_READ}`,
    backfillId,
    spent.what,
    spent.bytes,
    spent.cachedBytes,
    Math.round(spent.durationMs),
  );
}

/** Bytes of this UTC day, and the time that all lanes together worked. */
export function spentToday(backfillId: string): Sql {
  return sql(
    `SELECT coalesce(sum(bytes), 0)::float8 AS bytes, coalesce(sum(duration_ms), 0)::float8 AS "busyMs" FROM governance.backfill_spending WHERE backfill_id = $1 AND at >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'`,
    backfillId,
  );
}
