import type { Session } from '../warehouse/session.ts';
import { sql } from '../warehouse/sql.ts';

/** Settings and catalogue columns that every session and guard relies on came with this major version. */
const OLDEST = 15;

/** The server's version, which decides whether our statements mean what they say, and whether we talk to it ourselves. */
export async function serverReasons(session: Session): Promise<string[]> {
  return [...(await versionReasons(session)), ...(await poolerReasons(session))];
}

/**
 * A pooler gives process ids of its own, so that a statement of ours could not be cancelled, and may give every transaction
 * another session, with the settings of somebody else.
 */
async function poolerReasons(session: Session): Promise<string[]> {
  const { pid } = await session.one<{ pid: number }>(sql('SELECT pg_backend_pid() AS pid'));
  return pid === session.backendPid
    ? []
    : [
        `the warehouse is reached through a connection pooler (the session says process ${session.backendPid}, the server says ${pid}); settings, locks and cancelling need a session of their own: give the worker the address of the server itself`,
      ];
}

async function versionReasons(session: Session): Promise<string[]> {
  const { major, version } = await session.one<{ major: number; version: string }>(
    sql(
      `SELECT current_setting('server_version_num')::int / 10000 AS major, current_setting('server_version') AS version`,
    ),
  );
  return major < OLDEST
    ? [`the warehouse is PostgreSQL ${version}; this version of the product needs ${OLDEST} or newer`]
    : [];
}
