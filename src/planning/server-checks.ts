import type { Session } from '../warehouse/session.ts';
import { sql } from '../warehouse/sql.ts';

/** Settings and catalogue columns that every session and guard relies on came with this major version. */
const OLDEST = 15;

/** The server's version, which decides whether our statements mean what they say. */
export async function serverReasons(session: Session): Promise<string[]> {
  const { major, version } = await session.one<{ major: number; version: string }>(
    sql(
      `SELECT current_setting('server_version_num')::int / 10000 AS major, current_setting('server_version') AS version`,
    ),
  );
  return major < OLDEST
    ? [`the warehouse is PostgreSQL ${version}; this version of the product needs ${OLDEST} or newer`]
    : [];
}
