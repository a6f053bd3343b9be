import pg from 'pg';

/** The server says what went wrong, we say where: `partition 2025-01-01 of finance.daily_revenue`. */
export async function naming<T>(where: string, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    if (error instanceof pg.DatabaseError) error.message = `${where}: ${error.message}`;
    throw error;
  });
}
