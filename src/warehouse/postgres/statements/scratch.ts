import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { KeyRange } from '../../../domain/backfill-spec.ts';
import type { Sql } from '../../sql.ts';
import { columns, ident, jsonObject, qualified, sql } from '../../sql.ts';
import type { EraSlice } from './corrected-rows.ts';
import { correctedRows } from './corrected-rows.ts';
import { sameKey } from './reconcile-slice.ts';
import { inSlice } from './slice.ts';

/** Temporary tables of the proof: the build, and what it was the first time. */
const BUILD = 'pg_temp.backfill_scratch';
const FIRST = 'pg_temp.backfill_first_build';

export interface ScratchComparison {
  readonly rowsFirst: number;
  readonly rowsSecond: number;
  readonly differing: number;
  readonly duplicates: number;
  readonly neighbours: number;
  readonly outside: number;
  /** By column: rows in which it differs. */
  readonly columns: Readonly<Record<string, number>>;
}

export function dropScratch(): Sql {
  return sql(`DROP TABLE IF EXISTS ${BUILD}, ${FIRST}`);
}

export function createScratch(plan: BackfillPlan): Sql {
  return sql(
    `CREATE TEMPORARY TABLE backfill_scratch AS SELECT ${columns(plan.comparedColumns)}, NULL::text AS built_as FROM ${qualified(plan.table)} WITH NO DATA`,
  );
}

export function buildScratch(plan: BackfillPlan, slice: EraSlice): Sql {
  const produced = columns(plan.comparedColumns);
  return sql(
    `INSERT INTO ${BUILD} (${produced}, built_as) SELECT ${produced}, $3::text FROM (\n${correctedRows(plan, slice)}\n) corrected`,
    slice.start,
    slice.end,
    slice.start,
  );
}

export function keepFirstBuild(): Sql {
  return sql(`CREATE TEMPORARY TABLE backfill_first_build AS SELECT * FROM ${BUILD}`);
}

export function deleteScratch(plan: BackfillPlan, slice: KeyRange): Sql {
  return sql(`DELETE FROM ${BUILD} WHERE ${inSlice(plan, { start: 1, end: 2 })}`, slice.start, slice.end);
}

/** Compares the second build with the first: the chosen partition row by row, its neighbours as a whole. */
export function compareBuilds(plan: BackfillPlan, chosen: KeyRange): Sql {
  const inside = inSlice(plan, { start: 1, end: 2 });
  const differs = `(first.${ident(plan.uniqueKey[0] ?? '')} IS NULL) <> (second.${ident(plan.uniqueKey[0] ?? '')} IS NULL) OR ROW(${columns(plan.comparedColumns, 'first')}) IS DISTINCT FROM ROW(${columns(plan.comparedColumns, 'second')})`;
  const perColumn = plan.comparedColumns.map(
    (column) =>
      [column, `count(*) FILTER (WHERE first.${ident(column)} IS DISTINCT FROM second.${ident(column)})`] as const,
  );
  return sql(
    `SELECT (SELECT count(*) FROM ${FIRST} WHERE ${inside})::int AS "rowsFirst", (SELECT count(*) FROM ${BUILD} WHERE ${inside})::int AS "rowsSecond",
            count(*) FILTER (WHERE ${differs})::int AS differing, ${jsonObject(perColumn)} AS columns,
            (SELECT count(*) - count(DISTINCT ROW(${columns(plan.uniqueKey)})) FROM ${BUILD} WHERE ${inside})::int AS duplicates,
            (SELECT count(*) FROM ((SELECT * FROM ${FIRST} WHERE NOT (${inside}) EXCEPT ALL SELECT * FROM ${BUILD} WHERE NOT (${inside}))
               UNION ALL (SELECT * FROM ${BUILD} WHERE NOT (${inside}) EXCEPT ALL SELECT * FROM ${FIRST} WHERE NOT (${inside}))) moved)::int AS neighbours,
            (SELECT count(*) FROM ${BUILD} WHERE built_as = $1::text AND NOT (${inside}))::int AS outside
       FROM (SELECT * FROM ${FIRST} WHERE ${inside}) first FULL JOIN (SELECT * FROM ${BUILD} WHERE ${inside}) second ON ${sameKey(plan, 'first', 'second')}`,
    chosen.start,
    chosen.end,
  );
}
