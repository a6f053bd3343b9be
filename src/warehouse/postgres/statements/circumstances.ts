import type { Sql } from '../../sql.ts';
import { jsonObject, sql } from '../../sql.ts';

/** Under what a statement was run, as far as its result or the text of it depends on that. */
export interface Circumstances {
  readonly server: string;
  readonly role: string;
  /** How the database orders text. */
  readonly collation: string;
  readonly settings: Readonly<Record<string, string>>;
}

const SETTINGS = [
  'TimeZone',
  'DateStyle',
  'IntervalStyle',
  'extra_float_digits',
  'search_path',
  'row_security',
  'server_encoding',
  'client_encoding',
  'bytea_output',
  'standard_conforming_strings',
  'transform_null_equals',
  'array_nulls',
  'lc_numeric',
  'lc_monetary',
  'lc_time',
] as const;

/** One row, of the session that asks. */
export function circumstances(): Sql {
  const settings = SETTINGS.map((name) => [name, `current_setting('${name}')`] as const);
  return sql(
    `SELECT current_setting('server_version') AS server, current_user::text AS role, (SELECT datcollate FROM pg_database WHERE datname = current_database())::text AS collation, ${jsonObject(settings)} AS settings`,
  );
}
