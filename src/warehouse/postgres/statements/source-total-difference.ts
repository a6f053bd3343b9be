import type { BackfillPlan, PlannedTotal } from '../../../domain/backfill-plan.ts';
import type { KeyRange } from '../../../domain/backfill-spec.ts';
import type { Sql } from '../../sql.ts';
import { ident, qualified, sql } from '../../sql.ts';
import { independentFigures } from './independent-figures.ts';

/** The largest difference of any partition, and how many the independent path has no figure for. */
export interface TotalDifference {
  readonly difference: string;
  readonly missing: number;
}

const LARGEST =
  'coalesce(max(difference), 0)::text AS difference, count(*) FILTER (WHERE independent IS NULL)::int AS missing';

/**
 * The largest difference of any partition between a measure of the shadow and the same figure by its independent path.
 * Partitions are the ledger's, so that a total whose partition is missing on either side counts whole.
 */
export function sourceTotalDifference(plan: BackfillPlan, name: string, total: PlannedTotal, slice: KeyRange): Sql {
  return sql(
    `${differences(plan, name, total)}
SELECT ${LARGEST} FROM differences`,
    slice.start,
    slice.end,
    plan.backfillId,
  );
}

/** The same, and keeps each partition's independent figure, so that a source that moves later is told; not for an attempt that lost the batch. */
export function keepSourceTotal(
  plan: BackfillPlan,
  name: string,
  total: PlannedTotal,
  checked: KeyRange & { readonly batch: number; readonly fence: number },
): Sql {
  return sql(
    `${differences(plan, name, total)},
     kept AS (UPDATE governance.backfill_partitions p SET source_totals = p.source_totals || jsonb_build_object($4::text, d.independent::text)
                FROM differences d, governance.backfill_batches b
               WHERE p.backfill_id = $3 AND p.ordinal = d.ordinal AND b.backfill_id = $3 AND b.batch = $5 AND b.fence <= $6
                 AND p.source_totals ->> $4::text IS DISTINCT FROM d.independent::text)
SELECT ${LARGEST} FROM differences`,
    checked.start,
    checked.end,
    plan.backfillId,
    name,
    checked.batch,
    checked.fence,
  );
}

/** Partitions of which the independent figure is not what it was when they were checked last. */
export function movedSourceTotals(plan: BackfillPlan, name: string, total: PlannedTotal, slice: KeyRange): Sql {
  return sql(
    `${differences(plan, name, total)}
SELECT d.ordinal, p.partition_start AS start FROM differences d JOIN governance.backfill_partitions p ON p.backfill_id = $3 AND p.ordinal = d.ordinal
 WHERE (p.source_totals ->> $4::text)::numeric IS DISTINCT FROM d.independent ORDER BY d.ordinal`,
    slice.start,
    slice.end,
    plan.backfillId,
    name,
  );
}

/** The partitions whose difference is beyond the tolerance, each with the fingerprint of what was built in it. */
export function sourceTotalOutliers(plan: BackfillPlan, name: string, total: PlannedTotal, slice: KeyRange): Sql {
  return sql(
    `${differences(plan, name, total)}
SELECT ordinal, shadow_fingerprint AS fingerprint FROM differences WHERE difference > $4::numeric ORDER BY ordinal`,
    slice.start,
    slice.end,
    plan.backfillId,
    total.tolerance,
  );
}

/**
 * One row a partition of the range `$1..$2` of backfill `$3`. The independent figure is materialised: a planner that
 * expects one partition read the sources once for each of the seven (375 ms a batch instead of 50). A query without a row
 * for a partition says nothing happened in it; a file without one says nothing.
 */
function differences(plan: BackfillPlan, name: string, total: PlannedTotal): string {
  const type = plan.keyType;
  const key = ident(plan.contract.partition.key);
  const found = total.figures === null ? 'coalesce(independent.value, 0)' : 'independent.value';
  return `WITH planned AS (SELECT ordinal, shadow_fingerprint, partition_start::${type} AS lo, partition_end::${type} AS hi FROM governance.backfill_partitions
                      WHERE backfill_id = $3 AND partition_start::${type} >= $1::${type} AND partition_end::${type} <= $2::${type}),
     rebuilt AS (SELECT planned.*, coalesce((SELECT ${plan.contract.measures[name] ?? 'NULL'} FROM ${qualified(plan.shadow)} s WHERE s.${key} >= planned.lo AND s.${key} < planned.hi), 0)::numeric AS value FROM planned),
     totals AS MATERIALIZED (\n${independentFigures(plan, total)}\n),
     independent AS (SELECT planned.lo, sum(t.value)::numeric AS value FROM totals t JOIN planned ON t.partition_start::${type} >= planned.lo AND t.partition_start::${type} < planned.hi GROUP BY planned.lo),
     differences AS (SELECT ordinal, shadow_fingerprint, ${found} AS independent, abs(rebuilt.value - ${found}) AS difference FROM rebuilt LEFT JOIN independent USING (lo))`;
}
