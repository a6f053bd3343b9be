import pg from 'pg';
import { formatName } from '../domain/names.ts';
import type { TableShape } from '../domain/table-shape.ts';
import type { Session } from '../warehouse/session.ts';
import { sql } from '../warehouse/sql.ts';

/** Names that the comparison of old and new rows gives to the rows themselves. */
const ROW_NAMES = ['old', 'new'];

/**
 * Columns that can be neither compared nor fingerprinted: rows are told apart by equality and by a hash, and some types
 * have none (money, bit, json, tsvector, point). The server is asked by trying, once a type.
 */
export async function comparisonReasons(session: Session, table: TableShape): Promise<string[]> {
  const name = formatName(table.name);
  const refused = new Map<string, boolean>();
  const reasons: string[] = [];
  for (const { name: column, type } of table.columns) {
    if (!refused.has(type)) refused.set(type, !(await isComparable(session, type)));
    if (refused.get(type) === true)
      reasons.push(
        `column ${column} of ${name} has type ${type}, which cannot be compared; change it to jsonb or text`,
      );
    if (ROW_NAMES.includes(column))
      reasons.push(
        `column ${column} of ${name} has the name that the comparison gives to whole rows; rename it in the table`,
      );
  }
  return reasons;
}

/** In a transaction of the caller's. The type is the catalogue's own spelling. */
async function isComparable(session: Session, type: string): Promise<boolean> {
  await session.change(sql('SAVEPOINT comparable'));
  try {
    await session.rows(
      sql(
        `SELECT hash_record_extended(ROW(a.v), 0), ROW(a.v) IS DISTINCT FROM ROW(b.v) FROM (VALUES (NULL::${type})) a(v), (VALUES (NULL::${type})) b(v)`,
      ),
    );
    return true;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '42883') throw error;
    return false;
  } finally {
    await session.change(sql('ROLLBACK TO SAVEPOINT comparable'));
  }
}
