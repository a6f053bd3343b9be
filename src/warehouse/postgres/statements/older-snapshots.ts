import type { Sql } from '../../sql.ts';
import { sql } from '../../sql.ts';

/**
 * Transactions whose snapshot may be older than the last move of the dataset's pointer: `who`, the oldest first. The row's
 * own transaction id is that of the move, and a snapshot that begins after it sees it.
 */
export function olderSnapshots(dataset: string): Sql {
  return sql(
    `SELECT format('%s (pid %s, in a transaction since %s)', a.usename, a.pid, to_char(a.xact_start, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) AS who
       FROM governance.active_releases r JOIN pg_stat_activity a ON age(a.backend_xmin) >= age(r.xmin)
      WHERE r.dataset = $1 AND a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
      ORDER BY a.xact_start LIMIT 5`,
    dataset,
  );
}
