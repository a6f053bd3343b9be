import pg from 'pg';
import type { Sql } from './sql.ts';
import { markTimeout } from './statement-timeout.ts';

/** One connection for as long as its bracket lasts. */
export interface Session {
  readonly backendPid: number;
  rows<T>(statement: Sql): Promise<T[]>;
  /** The first row; an error that shows the statement when there is none. */
  one<T>(statement: Sql): Promise<T>;
  /** Rows changed. */
  change(statement: Sql): Promise<number>;
}

export interface SessionSettings {
  readonly applicationName: string;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
}

/** For short statements on ledger and catalogue. */
export const SHORT: SessionSettings = {
  applicationName: 'backfill/ledger',
  statementTimeoutMs: 30_000,
  lockTimeoutMs: 2_000,
};

/** How soon the server notices that a killed worker's socket is gone; without it the statement runs on and commits. */
const CLIENT_CHECK_MS = 1_000;

export function createPool(url: string, max: number): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max, connectionTimeoutMillis: 10_000, keepAlive: true });
  // An idle connection that the server ends is replaced at its next use; unheard, the event would end the process.
  pool.on('error', () => undefined);
  return pool;
}

/** Takes a connection, pins every setting that results depend on, and gives it back; a broken one is thrown away. */
export async function withSession<T>(
  pool: pg.Pool,
  settings: SessionSettings,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on('error', onError);
  try {
    await client.query(sessionSettings(settings));
    return await use(sessionOf(client, settings));
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code?.startsWith('57P') || error.code?.startsWith('08'))
      broken = error instanceof Error ? error : new Error(String(error));
    // An error is reported before the server says in which state it left the session; an empty query waits for that.
    else await client.query('').catch((lost: Error) => (broken = lost));
    throw error;
  } finally {
    client.removeListener('error', onError);
    // The next user would find itself inside somebody else's transaction.
    if (client.getTransactionStatus() !== 'I') broken ??= new Error('the session was left inside a transaction');
    client.release(broken);
  }
}

function sessionSettings({ applicationName, statementTimeoutMs, lockTimeoutMs }: SessionSettings): string {
  return [
    `SET application_name = ${pg.escapeLiteral(applicationName.slice(0, 63))}`,
    `SET statement_timeout = ${Math.ceil(statementTimeoutMs)}`,
    `SET lock_timeout = ${Math.ceil(lockTimeoutMs)}`,
    'SET idle_in_transaction_session_timeout = 10000',
    `SET client_connection_check_interval = ${CLIENT_CHECK_MS}`,
    "SET timezone = 'UTC'",
    "SET datestyle = 'ISO, YMD'",
    "SET intervalstyle = 'postgres'",
    'SET extra_float_digits = 1',
    'SET search_path = pg_catalog, pg_temp',
    // Rows that policies keep from us would be missing in what is built and compared: an error, never a smaller result.
    'SET row_security = off',
    'SET jit = off',
  ].join(';');
}

function sessionOf(client: pg.PoolClient, { statementTimeoutMs }: SessionSettings): Session {
  const run = async ({ text, values }: Sql): Promise<pg.QueryResult> =>
    markTimeout(statementTimeoutMs, () => client.query(text, [...values]));
  return {
    backendPid: (client as unknown as { processID: number }).processID,
    rows: async <T>(statement: Sql) => (await run(statement)).rows as T[],
    one: async <T>(statement: Sql) => {
      const [row] = (await run(statement)).rows as T[];
      if (row === undefined) throw new Error(`no row from: ${statement.text.slice(0, 200)}`);
      return row;
    },
    change: async (statement) => (await run(statement)).rowCount ?? 0,
  };
}

/** READ COMMITTED, on purpose: a later statement must see what was committed before a lock was granted. */
export async function withTransaction<T>(session: Session, work: () => Promise<T>): Promise<T> {
  return bracket(session, 'BEGIN ISOLATION LEVEL READ COMMITTED', work, 'COMMIT');
}

/** One snapshot for all its statements: whatever somebody else wrote to a row since makes it fail with 40001, and is not overlooked. */
export async function withOneSnapshot<T>(session: Session, work: () => Promise<T>): Promise<T> {
  return bracket(session, 'BEGIN ISOLATION LEVEL REPEATABLE READ', work, 'COMMIT');
}

/** One consistent, read-only view of the data; nothing it runs can change anything. */
export async function withReadOnly<T>(session: Session, work: () => Promise<T>): Promise<T> {
  return bracket(session, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', work, 'ROLLBACK');
}

/** Runs work whose effects must not stay. */
export async function withRollback<T>(session: Session, work: () => Promise<T>): Promise<T> {
  return bracket(session, 'BEGIN ISOLATION LEVEL READ COMMITTED', work, 'ROLLBACK');
}

async function bracket<T>(session: Session, begin: string, work: () => Promise<T>, end: string): Promise<T> {
  await session.change({ text: begin, values: [] });
  try {
    const result = await work();
    await session.change({ text: end, values: [] });
    return result;
  } catch (error) {
    // The first error is the one that counts; a connection that cannot roll back is thrown away by withSession.
    await session.change({ text: 'ROLLBACK', values: [] }).catch(() => undefined);
    throw error;
  }
}
