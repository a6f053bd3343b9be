import type { BackfillPlan, PlannedTotal } from '../../../domain/backfill-plan.ts';
import type { KeyRange } from '../../../domain/backfill-spec.ts';
import type { Sql } from '../../sql.ts';
import { ident, literal, qualified, sql } from '../../sql.ts';
import { independentFigures } from './independent-figures.ts';
import { reconcileSides } from './reconcile-slice.ts';
import { BUILT_AS, CORRECTED, builtFor, inSlices } from './scratch.ts';

/** The comparison of a batch, over sample partitions: what is published as old, scratch as new; nothing is live yet. */
export function reconcileSamples(plan: BackfillPlan, slices: readonly KeyRange[]): Sql {
  const inside = slices.map((slice) => `WHEN ${literal(slice.start)} THEN ${inSlices(plan, [slice])}`).join(' ');
  return sql(
    reconcileSides(plan, {
      old: `SELECT * FROM ${qualified(plan.table)} WHERE ${inSlices(plan, slices)}`,
      new: `SELECT * FROM ${CORRECTED} WHERE ${builtFor(slices)}`,
      base: null,
      outside: `SELECT count(*) FROM new_rows WHERE NOT CASE ${BUILT_AS} ${inside} END`,
      // The scratch tables have no index: here the count alone says whether a key stands twice.
      indexed: null,
      partitions: slices.map(({ start }) => `SELECT ${literal(start)}::${plan.keyType} AS lo`).join(' UNION ALL '),
    }),
  );
}

/** By how much a measure of one rehearsed partition is off its independent total, and whether there is one. */
export function sampleTotalDifference(plan: BackfillPlan, name: string, total: PlannedTotal, slice: KeyRange): Sql {
  const type = plan.keyType;
  const inside = `t.partition_start::${type} >= $1::${type} AND t.partition_start::${type} < $2::${type}`;
  const key = ident(plan.contract.partition.key);
  const found = total.figures === null ? 'coalesce(sum(t.value), 0)' : 'sum(t.value)';
  return sql(
    `SELECT coalesce(abs(rebuilt.value - independent.value), 0)::text AS difference, CASE WHEN independent.value IS NULL THEN 1 ELSE 0 END AS missing
  FROM (SELECT coalesce((SELECT ${plan.contract.measures[name] ?? 'NULL'} FROM ${CORRECTED} s WHERE s.${key} >= $1::${type} AND s.${key} < $2::${type}), 0)::numeric AS value) rebuilt,
       (SELECT ${found}::numeric AS value FROM (\n${independentFigures(plan, total)}\n) t WHERE ${inside}) independent`,
    slice.start,
    slice.end,
  );
}
