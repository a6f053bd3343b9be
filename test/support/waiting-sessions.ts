import type pg from 'pg';
import { waitFor } from './wait-for.ts';

/** Until a monitor's statement waits for an advisory lock that somebody holds. */
export async function monitorWaits(admin: pg.Pool): Promise<void> {
  await waitFor(
    async () => {
      const { rowCount } = await admin.query(
        `SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND NOT l.granted AND a.application_name LIKE '%/monitor' AND a.datname = current_database()`,
      );
      return (rowCount ?? 0) > 0;
    },
    { timeoutMs: 10_000, describe: 'a monitor that waits for the lock' },
  );
}
