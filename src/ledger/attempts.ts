import { FLUSH_BLOCKS_READ } from '../warehouse/postgres/statements/blocks-read.ts';
import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** Draws a fence and notes which backend works under it. Fences only grow, whatever attempt numbers do. What the session read before does not count. */
export function openAttempt(backfillId: string, lane: number): Sql {
  return sql(
    `INSERT INTO governance.backfill_attempts (fence, backfill_id, lane, backend_pid, backend_start, application_name)
     SELECT nextval('governance.backfill_fence'), $1, $2, a.pid, a.backend_start, a.application_name FROM pg_stat_activity a, ${FLUSH_BLOCKS_READ} WHERE a.pid = pg_backend_pid()
     RETURNING fence::float8 AS fence`,
    backfillId,
    lane,
  );
}

export function closeAttempt(fence: number): Sql {
  return sql(
    'UPDATE governance.backfill_attempts SET ended_at = clock_timestamp() WHERE fence = $1 AND ended_at IS NULL',
    fence,
  );
}

/** The newest attempt at a lane that was started after this one; no row where there is none. */
export function newerAttempt(backfillId: string, lane: number, fence: number): Sql {
  return sql(
    'SELECT fence::float8 AS fence FROM governance.backfill_attempts WHERE backfill_id = $1 AND lane = $2 AND fence > $3 ORDER BY fence DESC LIMIT 1',
    backfillId,
    lane,
    fence,
  );
}

/** Cancels what an older attempt of this lane still runs: our own role, the same backend, nobody else. */
export function cancelPredecessors(backfillId: string, lane: number, fence: number): Sql {
  return sql(
    `SELECT a.pid, pg_cancel_backend(a.pid) AS cancelled
       FROM governance.backfill_attempts t JOIN pg_stat_activity a
         ON a.pid = t.backend_pid AND a.backend_start = t.backend_start AND a.application_name = t.application_name AND a.usename = current_user
      WHERE t.backfill_id = $1 AND t.lane = $2 AND t.fence < $3 AND t.ended_at IS NULL AND a.pid <> pg_backend_pid() AND a.state <> 'idle'`,
    backfillId,
    lane,
    fence,
  );
}

/** One of `max_concurrency` places in the warehouse itself, so that a zombie's statement counts too; null when all are taken. */
export function takeSlot(backfillId: string, slots: number): Sql {
  return sql(
    `SELECT slot FROM generate_series(0, $2::int - 1) slot WHERE pg_try_advisory_xact_lock(hashtext('controlled-backfill:' || $1), slot) LIMIT 1`,
    backfillId,
    slots,
  );
}
