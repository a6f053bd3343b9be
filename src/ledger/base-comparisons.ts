import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** How live writes of a run are noticed at this moment. */
export interface Noticing {
  /** Triggers are on the base, or were and nobody took them off on purpose. */
  readonly captured: boolean;
  /** Capture was not whole for a while, and the base is still to be compared. */
  readonly owed: boolean;
}

export function noticing(backfillId: string): Sql {
  return sql(
    `SELECT EXISTS (SELECT FROM governance.captured_leaves WHERE backfill_id = $1) AS captured,
            EXISTS (SELECT FROM governance.base_comparisons WHERE backfill_id = $1 AND owed_since IS NOT NULL) AS owed`,
    backfillId,
  );
}

/** The row in which a run keeps how far its comparison is. */
export function openComparison(backfillId: string): Sql {
  return sql('INSERT INTO governance.base_comparisons (backfill_id) VALUES ($1) ON CONFLICT DO NOTHING', backfillId);
}

/** Held to the end of the transaction; `began` is before any statement that compares. */
export function lockComparison(backfillId: string): Sql {
  return sql(
    'SELECT clock_timestamp()::text AS began FROM governance.base_comparisons WHERE backfill_id = $1 FOR UPDATE',
    backfillId,
  );
}

/** Everything was compared since `began`: nothing is owed, and the next round begins at the first partition. */
export function comparedAll(backfillId: string, began: string): Sql {
  return sql(
    `UPDATE governance.base_comparisons SET owed_since = NULL, compared_as_of = $2::timestamptz, looked_at = clock_timestamp(), round_began_at = NULL, next_ordinal = 1 WHERE backfill_id = $1`,
    backfillId,
    began,
  );
}

/** Where the round stands. No row: somebody looked less than `everyMs` ago, and it is not due. */
export function takeRound(backfillId: string, everyMs: number): Sql {
  return sql(
    `UPDATE governance.base_comparisons c SET looked_at = clock_timestamp(), round_began_at = CASE WHEN c.next_ordinal > 1 THEN c.round_began_at ELSE clock_timestamp() END
      WHERE backfill_id = $1 AND (looked_at IS NULL OR looked_at <= clock_timestamp() - $2 * interval '1 millisecond')
      RETURNING next_ordinal AS next, (SELECT max(ordinal) FROM governance.backfill_partitions p WHERE p.backfill_id = $1) AS last`,
    backfillId,
    everyMs,
  );
}

/** The round goes on at `next`; where it is over, everything was compared since it began. */
export function leaveRound(backfillId: string, next: number, isOver: boolean): Sql {
  return sql(
    `UPDATE governance.base_comparisons SET next_ordinal = CASE WHEN $3 THEN 1 ELSE $2::int END,
            compared_as_of = CASE WHEN $3 THEN round_began_at ELSE compared_as_of END, looked_at = clock_timestamp() WHERE backfill_id = $1`,
    backfillId,
    next,
    isOver,
  );
}

/** In the transaction that moved rows: what the base holds by our own hand is what the next comparison expects. */
export function expectBase(backfillId: string, ordinal: number, fingerprint: string): Sql {
  return sql(
    'UPDATE governance.backfill_partitions SET base_fingerprint = $3 WHERE backfill_id = $1 AND ordinal = $2',
    backfillId,
    ordinal,
    fingerprint,
  );
}

export function expectedBase(backfillId: string, ordinal: number): Sql {
  return sql(
    'SELECT base_fingerprint AS fingerprint FROM governance.backfill_partitions WHERE backfill_id = $1 AND ordinal = $2',
    backfillId,
    ordinal,
  );
}
