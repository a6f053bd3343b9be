import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { Sql } from '../../sql.ts';
import { qualified, sql } from '../../sql.ts';

/** Transactions that hold a writing lock on the base: age of the oldest, 0 when there is none. */
export function oldestWriter(plan: BackfillPlan): Sql {
  return sql(
    `SELECT coalesce(max(extract(epoch FROM clock_timestamp() - a.xact_start)) * 1000, 0)::float8 AS "ageMs"
       FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'relation' AND l.relation = $1::regclass AND l.granted AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock') AND l.pid <> pg_backend_pid()`,
    qualified(plan.table),
  );
}

/** Who holds or waits for locks on base or view, for the person who has to ask them. */
export function blockers(plan: BackfillPlan): Sql {
  return sql(
    `SELECT DISTINCT format('pid %s, %s, %s on %s since %s', a.pid, a.usename, l.mode, l.relation::regclass, a.xact_start) AS who
       FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'relation' AND l.relation IN ($1::regclass, $2::regclass) AND l.granted AND l.pid <> pg_backend_pid() LIMIT 20`,
    qualified(plan.table),
    qualified(plan.view),
  );
}
