import type { QualifiedName } from '../src/domain/names.ts';
import { formatName } from '../src/domain/names.ts';
import type { Artifact } from '../src/ledger/artifacts.ts';
import type { Session } from '../src/warehouse/session.ts';
import { qualified, sql } from '../src/warehouse/sql.ts';
import { failure } from './activity-failure.ts';

/** A table of the name we need that the ledger does not know by its OID is somebody else's: never touched. */
export async function refuseForeign(session: Session, name: QualifiedName, known: Artifact | undefined): Promise<void> {
  const { oid } = await session.one<{ oid: number | null }>(
    sql('SELECT to_regclass($1)::oid::bigint::float8 AS oid', qualified(name)),
  );
  if (oid !== null && oid !== known?.oid)
    throw failure(
      'StatementRefused',
      `${formatName(name)} exists and is not of this backfill; rename or drop it, then retry`,
    );
}
