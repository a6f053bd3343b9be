import type { ConfigWith } from '../config/config.ts';
import { redactUrl } from '../config/secret.ts';
import type { Session, SessionSettings } from '../warehouse/session.ts';
import { SHORT, createPool, withSession } from '../warehouse/session.ts';
import { sql } from '../warehouse/sql.ts';
import { commandError } from './command-result.ts';
import { EXIT } from './exit-codes.ts';

/** One session on the warehouse, as the role that backfills work with. */
export async function withWarehouse<T>(
  { warehouse }: Pick<ConfigWith<'warehouse'>, 'warehouse'>,
  use: (session: Session) => Promise<T>,
  settings: Partial<SessionSettings> = {},
): Promise<T> {
  const url = warehouse.reveal();
  const pool = createPool(url, 1);
  try {
    return await withSession(pool, { ...SHORT, applicationName: 'backfill/cli', ...settings }, use);
  } catch (error) {
    throw connectFailure(error, url) ?? error;
  } finally {
    await pool.end();
  }
}

const REFUSALS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; start the server, or a local stack with: npm run up',
  ENOTFOUND: 'the host name is not known; correct BACKFILL_WAREHOUSE_URL',
  ETIMEDOUT: 'it does not answer in time; check the address and the network',
  '28P01': 'the password is wrong; correct BACKFILL_WAREHOUSE_URL',
  '28000': 'the server does not let this role in; correct BACKFILL_WAREHOUSE_URL or pg_hba.conf',
  '3D000': 'the database does not exist; correct BACKFILL_WAREHOUSE_URL',
  '53300': 'all its connections are taken; try again when some have ended',
  '57P03': 'it is starting up or shutting down; try again in a moment',
};

/** Null for an error that came after the connection stood. */
export function connectFailure(error: unknown, url: string): Error | null {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const code = first instanceof Error && 'code' in first ? String(first.code) : '';
  const why = REFUSALS[code];
  if (why === undefined) return null;
  return commandError(EXIT.failed, `the warehouse ${redactUrl(url)} cannot be used: ${why}`);
}

/** The ledger is there and this role may use it. */
export async function hasLedger(session: Session): Promise<boolean> {
  const { there } = await session.one<{ there: boolean }>(
    sql(
      `SELECT to_regclass('governance.backfill_runs') IS NOT NULL AND coalesce(has_table_privilege(to_regclass('governance.backfill_runs')::oid, 'SELECT'), false) AS there`,
    ),
  );
  return there;
}
