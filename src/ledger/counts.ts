import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** How far a run is, counted from its checkpoints; one row of `LedgerCounts`. */
export function countProgress(backfillId: string): Sql {
  return sql(
    `SELECT p.built AS "partitionsDone", p.rebuilt AS "partitionsRebuilt", b.done AS "batchesDone", b.failed AS "batchesFailed", s.bytes AS "bytesScanned"
       FROM (SELECT count(*) FILTER (WHERE state = 'built')::int AS built, coalesce(sum(greatest(builds - 1, 0)), 0)::int AS rebuilt
               FROM governance.backfill_partitions WHERE backfill_id = $1) p,
            (SELECT count(*) FILTER (WHERE state IN ('passed', 'waived'))::int AS done, count(*) FILTER (WHERE state = 'failed')::int AS failed
               FROM governance.backfill_batches WHERE backfill_id = $1) b,
            (SELECT coalesce(sum(bytes), 0)::float8 AS bytes FROM governance.backfill_spending WHERE backfill_id = $1) s`,
    backfillId,
  );
}
