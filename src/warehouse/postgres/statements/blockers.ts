import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { Sql } from '../../sql.ts';
import { qualified, sql } from '../../sql.ts';

/**
 * Age of the oldest transaction that the fence would have to wait for, 0 when there is none. An autovacuum does not count,
 * because it yields; one against wraparound does not yield.
 */
export function oldestBeforeFence(plan: BackfillPlan): Sql {
  return sql(
    `SELECT coalesce(max(extract(epoch FROM clock_timestamp() - a.xact_start)) * 1000, 0)::float8 AS "ageMs"
       FROM governance.before_fence($1::regclass) l JOIN pg_stat_activity a USING (pid)
      WHERE l.granted AND (NOT l.autovacuum OR a.query LIKE '%(to prevent wraparound)')`,
    qualified(plan.table),
  );
}

/**
 * Who holds or waits for a lock that a switch has to wait for, for the person who has to ask them: any that stops the fence on the
 * base or a partition of it, and a change of definition on what the switch reads. Readers are in nobody's way.
 */
export function blockers(plan: BackfillPlan): Sql {
  return sql(
    `SELECT DISTINCT format('%s %s %s on %s%s', CASE WHEN a.pid IS NULL THEN 'a prepared transaction' ELSE format('pid %s, %s,', a.pid, coalesce(a.usename, 'autovacuum')) END,
              CASE WHEN l.granted THEN 'holds' ELSE 'waits for' END, l.mode, l.relation, ' since ' || a.xact_start) AS who
       FROM (SELECT pid, relation, mode, granted FROM governance.before_fence($1::regclass)
             UNION ALL
             SELECT pid, relation::regclass, mode, granted FROM pg_locks
              WHERE locktype = 'relation' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND relation IN (to_regclass($2), to_regclass($3))
                AND mode = 'AccessExclusiveLock' AND pid IS DISTINCT FROM pg_backend_pid()) l
       LEFT JOIN pg_stat_activity a USING (pid) ORDER BY who LIMIT 20`,
    qualified(plan.table),
    qualified(plan.view),
    qualified(plan.shadow),
  );
}
