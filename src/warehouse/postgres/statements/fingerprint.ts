import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { QualifiedName } from '../../../domain/names.ts';
import { columns, ident, qualified } from '../../sql.ts';

/**
 * `rows:sum of row hashes`, as an aggregate over a slice whose rows carry the alias. Order-independent and, being a sum
 * and not an exclusive or, safe with duplicates; 1.0 s for 3 million rows where md5 took 6.3 s. Comparable within one
 * major version of the server.
 */
export function fingerprintOf(names: readonly string[], alias: string): string {
  return `count(*) || ':' || coalesce(sum(hash_record_extended(ROW(${columns(names, alias)}), 0)), 0)`;
}

/** The fingerprint of one ledger partition of a table, as a query beside the row of `backfill_partitions` that `partition` names. */
export function fingerprintOfPartition(
  plan: Pick<BackfillPlan, 'keyType' | 'contract'>,
  partition: string,
  table: QualifiedName,
  names: readonly string[],
): string {
  const key = `t.${ident(plan.contract.partition.key)}`;
  const bound = (name: 'start' | 'end'): string => `${partition}.partition_${name}::${plan.keyType}`;
  return `SELECT ${fingerprintOf(names, 't')} AS fingerprint FROM ${qualified(table)} t WHERE ${key} >= ${bound('start')} AND ${key} < ${bound('end')}`;
}
