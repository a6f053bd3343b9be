import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** What is measured are the passes of the last minute, and never fewer than this. */
const PASSES_MEASURED = 20;

/** A pass that rebuilt something, as it ended; what is too old to be measured goes, so that a run keeps some rows only. */
export function recordCatchUp(
  backfillId: string,
  pass: {
    readonly tookMs: number;
    readonly partitions: number;
    readonly dirtyBefore: number;
    readonly dirtyAfter: number;
  },
): Sql {
  return sql(
    `WITH old AS (DELETE FROM governance.catch_ups WHERE backfill_id = $1 AND ended_at < clock_timestamp() - interval '2 minutes'
       AND catch_up_id < (SELECT min(catch_up_id) FROM (SELECT catch_up_id FROM governance.catch_ups WHERE backfill_id = $1 ORDER BY catch_up_id DESC LIMIT ${PASSES_MEASURED}) newest))
     INSERT INTO governance.catch_ups (backfill_id, began_at, partitions, dirty_before, dirty_after)
     VALUES ($1, clock_timestamp() - $2 * interval '1 millisecond', $3, $4, $5)`,
    backfillId,
    pass.tookMs,
    pass.partitions,
    pass.dirtyBefore,
    pass.dirtyAfter,
  );
}

/**
 * One row of `CatchUpPasses`, of the passes since the run came into its present status: a person who retries begins the
 * measurement anew. `dirtyNow` is what is dirty at this moment.
 */
export function catchUpPasses(backfillId: string, dirtyNow: number): Sql {
  return sql(
    `WITH measured AS MATERIALIZED (SELECT clock_timestamp() AS now),
     ranked AS (SELECT c.*, row_number() OVER (ORDER BY catch_up_id DESC) AS nth, lead(c.began_at) OVER (ORDER BY catch_up_id) AS next
                  FROM governance.catch_ups c JOIN governance.backfill_runs r USING (backfill_id) WHERE backfill_id = $1 AND c.began_at >= r.status_since),
     recent AS (SELECT ranked.*, now FROM ranked, measured WHERE nth <= ${PASSES_MEASURED} OR began_at > now - interval '1 minute'),
     first AS (SELECT dirty_before FROM recent ORDER BY catch_up_id LIMIT 1)
     SELECT count(*)::int AS passes, coalesce(sum(partitions), 0)::float8 AS rebuilt,
            (coalesce(sum(partitions), 0) + $2::int - coalesce((SELECT dirty_before FROM first), 0))::float8 AS dirtied,
            coalesce(sum(extract(epoch FROM CASE WHEN dirty_after > 0 THEN coalesce(next, now) ELSE ended_at END - began_at)), 0)::float8 AS "busySeconds",
            coalesce(extract(epoch FROM max(now) - min(began_at)), 0)::float8 AS "elapsedSeconds" FROM recent`,
    backfillId,
    dirtyNow,
  );
}
