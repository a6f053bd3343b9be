import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { KeyRange } from '../../../domain/backfill-spec.ts';
import type { Sql } from '../../sql.ts';
import { qualified, sql } from '../../sql.ts';
import { fingerprintOf, fingerprintOfPartition } from './fingerprint.ts';
import { inSlice } from './slice.ts';

/** Every column counts, as it does for a trigger: the fingerprint is the one that `_changed` of the dataset computes. */
function everyColumn({ columns }: BackfillPlan): string[] {
  return columns.map(({ name }) => name);
}

/** What one partition of the base holds now. As a statement before the build reads the sources, it tells every write that the build did not see. */
export function baseFingerprint(plan: BackfillPlan, slice: KeyRange): Sql {
  return sql(
    `SELECT ${fingerprintOf(everyColumn(plan), 'b')} AS fingerprint FROM ${qualified(plan.table)} b WHERE ${inSlice(plan, { start: 1, end: 2 }, 'b')}`,
    slice.start,
    slice.end,
  );
}

/** Which partitions to compare: one batch, some by their ordinals (both included), or all. */
export type ComparedPartitions = { readonly batch: number } | { readonly from: number; readonly to: number } | 'all';

/** Marks every partition whose base is not as its build saw it, unless it is marked already. Rows changed: partitions marked. */
export function markChanged(plan: BackfillPlan, which: ComparedPartitions): Sql {
  const [condition, ...values] =
    which === 'all'
      ? ['true']
      : 'batch' in which
        ? ['p.batch = $2', which.batch]
        : ['p.ordinal BETWEEN $2 AND $3', which.from, which.to];
  return sql(
    `INSERT INTO governance.dirty_partitions (backfill_id, key)
     SELECT p.backfill_id, p.partition_start FROM governance.backfill_partitions p CROSS JOIN LATERAL (
       ${fingerprintOfPartition(plan, 'p', plan.table, everyColumn(plan))}) now
      WHERE p.backfill_id = $1 AND ${condition} AND p.base_fingerprint IS DISTINCT FROM now.fingerprint
        AND NOT EXISTS (SELECT FROM governance.dirty_partitions d WHERE d.backfill_id = $1 AND d.key = p.partition_start)`,
    plan.backfillId,
    ...values,
  );
}
