import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** What live writes left to do: marks whose partitions are to be rebuilt, and batches that are built and do not pass. */
export interface LeftToFollow {
  readonly marks: number;
  readonly batches: number;
}

export function leftToFollow(backfillId: string): Sql {
  return sql(
    `SELECT (SELECT count(*)::int FROM governance.dirty_partitions WHERE backfill_id = $1) AS marks,
            (SELECT count(*)::int FROM governance.backfill_batches b WHERE b.backfill_id = $1 AND b.state IN ('planned', 'failed')
                AND NOT EXISTS (SELECT FROM governance.backfill_partitions p WHERE p.backfill_id = $1 AND p.batch = b.batch AND p.state <> 'built')) AS batches`,
    backfillId,
  );
}
