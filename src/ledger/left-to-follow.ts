import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';
import { uncheckedBatches } from './batches.ts';

/** What live writes left to do: marks whose partitions are to be rebuilt, and batches that are built and do not pass. */
export interface LeftToFollow {
  readonly marks: number;
  readonly batches: number;
}

export function leftToFollow(backfillId: string): Sql {
  return sql(
    `SELECT (SELECT count(*)::int FROM governance.dirty_partitions WHERE backfill_id = $1) AS marks,
            (SELECT count(*)::int FROM (${uncheckedBatches(backfillId).text}) unchecked) AS batches`,
    backfillId,
  );
}
