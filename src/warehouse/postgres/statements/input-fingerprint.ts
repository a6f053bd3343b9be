import type { PlannedInput } from '../../../domain/reference-input.ts';
import type { Sql } from '../../sql.ts';
import { ident, qualified, sql } from '../../sql.ts';

/** No table has a column of this name, which would hide the row. */
const ROW = ident('reference: row');

/**
 * Rows and fingerprint of an unpartitioned input as a whole, and an instant before it was read. Whole rows are hashed,
 * so that a column that comes or goes is a change too.
 */
export function inputFingerprint({ name, hashedAs }: Pick<PlannedInput, 'name' | 'hashedAs'>): Sql {
  const hash = hashedAs === 'record' ? `hash_record_extended(${ROW}, 0)` : `hashtextextended(${ROW}::text, 0)`;
  return sql(
    `SELECT count(*)::float8 AS rows, count(*) || ':' || coalesce(sum(${hash}), 0) AS fingerprint, statement_timestamp() AS at FROM ${qualified(name)} ${ROW}`,
  );
}
