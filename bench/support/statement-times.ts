import type pg from 'pg';

/** Forgets what was timed until now. */
export async function forgetStatements(admin: pg.Pool): Promise<void> {
  await admin.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
  await admin.query('SELECT pg_stat_statements_reset()');
}

/** Every statement that a role ran in this database since then: its text and its time on the server, planning included. */
export async function statementTimes(
  admin: pg.Pool,
  role: string,
): Promise<{ readonly query: string; readonly milliseconds: number; readonly calls: number }[]> {
  const { rows } = await admin.query<{ query: string; milliseconds: number; calls: number }>(
    `SELECT query, calls::int AS calls, total_plan_time + total_exec_time AS milliseconds FROM pg_stat_statements
      WHERE userid = $1::regrole AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [role],
  );
  return rows;
}
