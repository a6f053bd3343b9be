import type { BackfillPlan, PlannedSql } from '../../../domain/backfill-plan.ts';
import type { KeyRange } from '../../../domain/backfill-spec.ts';
import { bindNamed } from '../../../spec/sql-parameters.ts';
import type { Sql } from '../../sql.ts';
import { ident, qualified, sql } from '../../sql.ts';

export const TOTALS_PARAMETERS = ['range_start', 'range_end'] as const;

/**
 * The largest difference of any partition between a measure of the shadow and the same figure by its independent path.
 * Partitions are the ledger's, so that a total whose partition is missing on either side counts whole. The independent
 * figure is materialised: a planner that expects one partition read the sources once for each of the seven (375 ms a
 * batch instead of 50).
 */
export function sourceTotalDifference(plan: BackfillPlan, name: string, total: PlannedSql, slice: KeyRange): Sql {
  const type = plan.keyType;
  const independent = bindNamed(total.text, TOTALS_PARAMETERS, [`$1::${type}`, `$2::${type}`]).text;
  const key = ident(plan.contract.partition.key);
  return sql(
    `WITH planned AS (SELECT partition_start::${type} AS lo, partition_end::${type} AS hi FROM governance.backfill_partitions
                      WHERE backfill_id = $3 AND partition_start::${type} >= $1::${type} AND partition_end::${type} <= $2::${type}),
     rebuilt AS (SELECT planned.lo, coalesce((SELECT ${plan.contract.measures[name] ?? 'NULL'} FROM ${qualified(plan.shadow)} s WHERE s.${key} >= planned.lo AND s.${key} < planned.hi), 0)::numeric AS value FROM planned),
     totals AS MATERIALIZED (\n${independent}\n),
     independent AS (SELECT planned.lo, sum(t.value)::numeric AS value FROM totals t JOIN planned ON t.partition_start::${type} >= planned.lo AND t.partition_start::${type} < planned.hi GROUP BY planned.lo)
SELECT coalesce(max(abs(rebuilt.value - coalesce(independent.value, 0))), 0)::text AS difference FROM rebuilt LEFT JOIN independent USING (lo)`,
    slice.start,
    slice.end,
    plan.backfillId,
  );
}
