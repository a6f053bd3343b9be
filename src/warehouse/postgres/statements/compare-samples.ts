import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { KeyRange } from '../../../domain/backfill-spec.ts';
import { bindNamed } from '../../../spec/sql-parameters.ts';
import type { Sql } from '../../sql.ts';
import { ident, jsonObject, literal, qualified, sql } from '../../sql.ts';
import { reconcileSides } from './reconcile-slice.ts';
import { BUILT_AS, CORRECTED, builtFor, inSlices } from './scratch.ts';
import { inSlice } from './slice.ts';
import { TOTALS_PARAMETERS } from './source-total-difference.ts';

/** The comparison of a batch, over sample partitions: what is published as old, scratch as new; nothing is live yet. */
export function reconcileSamples(plan: BackfillPlan, slices: readonly KeyRange[]): Sql {
  const inside = slices.map((slice) => `WHEN ${literal(slice.start)} THEN ${inSlices(plan, [slice])}`).join(' ');
  return sql(
    reconcileSides(plan, {
      old: `SELECT * FROM ${qualified(plan.table)} WHERE ${inSlices(plan, slices)}`,
      new: `SELECT * FROM ${CORRECTED} WHERE ${builtFor(slices)}`,
      base: 'SELECT * FROM old',
      outside: `SELECT count(*) FROM new WHERE NOT CASE ${BUILT_AS} ${inside} END`,
      // The scratch tables have no index: here the count alone says whether a key stands twice.
      indexed: 'true',
    }),
  );
}

/** Rows and measures of one partition on both sides. */
export function sampleDelta(plan: BackfillPlan, slice: KeyRange): Sql {
  const old = `${qualified(plan.table)} WHERE ${inSlice(plan, { start: 1, end: 2 })}`;
  const built = `${CORRECTED} WHERE ${BUILT_AS} = $3::text`;
  const both = Object.entries(plan.contract.measures).map(([name, expression]): [string, string] => [
    name,
    `jsonb_build_object('old', coalesce((SELECT ${expression} FROM ${old}), 0)::text, 'new', coalesce((SELECT ${expression} FROM ${built}), 0)::text)`,
  ]);
  return sql(
    `SELECT $3::text AS partition, (SELECT count(*) FROM ${old})::int AS "rowsOld", (SELECT count(*) FROM ${built})::int AS "rowsNew", ${jsonObject(both)} AS measures`,
    slice.start,
    slice.end,
    slice.start,
  );
}

/** By how much a measure of one rehearsed partition is off its independent total. */
export function sampleTotalDifference(plan: BackfillPlan, name: string, text: string, slice: KeyRange): Sql {
  const type = plan.keyType;
  const independent = bindNamed(text, TOTALS_PARAMETERS, [`$1::${type}`, `$2::${type}`]).text;
  const inside = `t.partition_start::${type} >= $1::${type} AND t.partition_start::${type} < $2::${type}`;
  const key = ident(plan.contract.partition.key);
  return sql(
    `SELECT abs(coalesce((SELECT ${plan.contract.measures[name] ?? 'NULL'} FROM ${CORRECTED} s WHERE s.${key} >= $1::${type} AND s.${key} < $2::${type}), 0)::numeric
       - coalesce((SELECT sum(t.value) FROM (\n${independent}\n) t WHERE ${inside}), 0)::numeric)::text AS difference`,
    slice.start,
    slice.end,
  );
}
