import type { Session } from '../warehouse/session.ts';
import { sql } from '../warehouse/sql.ts';

/** Is the ledger installed in this warehouse, and may this session look into it? Its scripts install all of it or nothing. */
export async function ledgerIsThere(session: Session): Promise<boolean> {
  const { there } = await session.one<{ there: boolean }>(
    sql(
      `SELECT to_regclass('governance.backfill_runs') IS NOT NULL AND coalesce(has_schema_privilege(to_regnamespace('governance')::oid, 'USAGE'), false) AS there`,
    ),
  );
  return there;
}
