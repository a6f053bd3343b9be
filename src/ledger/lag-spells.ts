import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** Events at which a lag beyond its limit begins and ends. */
export const LAG_BEGINS = 'live writes lag';
export const LAG_ENDS = 'live writes followed';

/** One row while a lag beyond the limit lasts. */
export function lagSpell(backfillId: string): Sql {
  return sql(
    `SELECT at AS since FROM (SELECT kind, at FROM governance.backfill_events WHERE backfill_id = $1 AND kind IN ('${LAG_BEGINS}', '${LAG_ENDS}') ORDER BY event_id DESC LIMIT 1) newest WHERE kind = '${LAG_BEGINS}'`,
    backfillId,
  );
}

/** Held to the end of the transaction: two watches at once record a spell once. */
export function lockLagSpell(backfillId: string): Sql {
  return sql(
    `SELECT pg_advisory_xact_lock(hashtextextended('controlled-backfill:lag:' || $1, 0)) IS NULL AS locked`,
    backfillId,
  );
}
