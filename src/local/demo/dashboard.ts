import pg from 'pg';

/** What the dashboard shows: last month of the interval, read as the role that reads it in life. */
export async function dashboardTotal(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ total: string }>(
      `SELECT to_char(sum(net_revenue), 'FM999,999,999,990.00') AS total FROM finance.daily_revenue_current WHERE revenue_date >= '2026-05-01' AND revenue_date < '2026-06-01'`,
    );
    return rows[0]?.total ?? 'nothing';
  } finally {
    await client.end();
  }
}
