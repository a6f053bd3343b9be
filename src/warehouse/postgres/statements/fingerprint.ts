import { columns } from '../../sql.ts';

/**
 * `rows:sum of row hashes`, as an aggregate over a slice whose rows carry the alias. Order-independent and, being a sum
 * and not an exclusive or, safe with duplicates; 1.0 s for 3 million rows where md5 took 6.3 s. Comparable within one
 * major version of the server.
 */
export function fingerprintOf(names: readonly string[], alias: string): string {
  return `count(*) || ':' || coalesce(sum(hash_record_extended(ROW(${columns(names, alias)}), 0)), 0)`;
}
