import type { BackfillPlan } from '../domain/backfill-plan.ts';
import { fingerprintOf } from '../warehouse/postgres/statements/fingerprint.ts';
import type { Sql } from '../warehouse/sql.ts';
import { ident, qualified, sql } from '../warehouse/sql.ts';

/**
 * Partitions whose rows were moved into the base, and whose base is not what the snapshot recorded, of a release that was
 * rolled back all the same: by hand, round the statement that refuses it. What the live pipeline wrote there since counts
 * too; nothing tells it from a row that nobody restored. Answers one row, `partitions`.
 */
export function unrestoredPartitions(plan: BackfillPlan): Sql {
  const key = `b.${ident(plan.contract.partition.key)}`;
  return sql(
    `SELECT count(*)::int AS partitions FROM governance.backfill_partitions p CROSS JOIN LATERAL (
       SELECT ${fingerprintOf(plan.comparedColumns, 'b')} AS fingerprint FROM ${qualified(plan.table)} b WHERE ${key} >= p.partition_start::${plan.keyType} AND ${key} < p.partition_end::${plan.keyType}) now
      WHERE p.backfill_id = $1 AND p.moved_at IS NOT NULL AND p.snapshot_fingerprint IS DISTINCT FROM now.fingerprint
        AND NOT EXISTS (SELECT FROM governance.data_releases WHERE backfill_id = $1 AND state = 'consolidated')`,
    plan.backfillId,
  );
}
