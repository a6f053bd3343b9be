import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { KeyRange } from '../../../domain/backfill-spec.ts';
import type { Sql } from '../../sql.ts';
import { ident, qualified, sql } from '../../sql.ts';
import { fingerprintOf } from './fingerprint.ts';
import { inSlice } from './slice.ts';

/** Every column counts, as it does for a trigger; the same text as `_changed` of the dataset computes. */
function everyColumn(plan: BackfillPlan): string {
  return fingerprintOf(
    plan.columns.map(({ name }) => name),
    'b',
  );
}

/** What one partition of the base holds now. As a statement before the build reads the sources, it tells every write that the build did not see. */
export function baseFingerprint(plan: BackfillPlan, slice: KeyRange): Sql {
  return sql(
    `SELECT ${everyColumn(plan)} AS fingerprint FROM ${qualified(plan.table)} b WHERE ${inSlice(plan, { start: 1, end: 2 }, 'b')}`,
    slice.start,
    slice.end,
  );
}

/** Which partitions to compare: one batch, some by their ordinals (both included), or all. */
export type ComparedPartitions = { readonly batch: number } | { readonly from: number; readonly to: number } | 'all';

/** Marks every partition whose base is not as its build saw it, unless it is marked already. Rows changed: partitions marked. */
export function markChanged(plan: BackfillPlan, which: ComparedPartitions): Sql {
  const key = `b.${ident(plan.contract.partition.key)}`;
  const [condition, ...values] =
    which === 'all'
      ? ['true']
      : 'batch' in which
        ? ['p.batch = $2', which.batch]
        : ['p.ordinal BETWEEN $2 AND $3', which.from, which.to];
  return sql(
    `INSERT INTO governance.dirty_partitions (backfill_id, key)
     SELECT p.backfill_id, p.partition_start FROM governance.backfill_partitions p CROSS JOIN LATERAL (
       SELECT ${everyColumn(plan)} AS fingerprint FROM ${qualified(plan.table)} b WHERE ${key} >= p.partition_start::${plan.keyType} AND ${key} < p.partition_end::${plan.keyType}) now
      WHERE p.backfill_id = $1 AND ${condition} AND p.base_fingerprint IS DISTINCT FROM now.fingerprint
        AND NOT EXISTS (SELECT FROM governance.dirty_partitions d WHERE d.backfill_id = $1 AND d.key = p.partition_start)`,
    plan.backfillId,
    ...values,
  );
}
