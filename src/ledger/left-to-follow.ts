import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';
import { uncheckedBatches } from './batches.ts';

/** What live writes left to do: marks whose partitions are to be rebuilt, batches that are built and do not pass, a comparison that is owed. */
export interface LeftToFollow {
  readonly marks: number;
  readonly batches: number;
  readonly owed: boolean;
}

export function leftToFollow(backfillId: string): Sql {
  return sql(
    `SELECT (SELECT count(*)::int FROM governance.dirty_partitions WHERE backfill_id = $1) AS marks,
            (SELECT count(*)::int FROM (${uncheckedBatches(backfillId).text}) unchecked) AS batches,
            EXISTS (SELECT FROM governance.base_comparisons WHERE backfill_id = $1 AND owed_since IS NOT NULL) AS owed`,
    backfillId,
  );
}
