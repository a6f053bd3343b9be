import { builtColumns } from '../../../domain/added-column.ts';
import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { KeyRange } from '../../../domain/backfill-spec.ts';
import type { Sql } from '../../sql.ts';
import { columns, ident, jsonObject, literal, qualified, sql } from '../../sql.ts';
import type { EraSlice } from './corrected-rows.ts';
import { boundTransform, correctedRows } from './corrected-rows.ts';
import { orderOf } from './insert-slice.ts';
import { inSlice } from './slice.ts';
import { keyPresent, sameKey } from './unique-key.ts';

/** Temporary tables of rehearsal and proofs: what the corrected logic gives, what the trusted logic gives, an earlier build. */
export const CORRECTED = 'pg_temp.backfill_corrected';
export const TRUSTED = 'pg_temp.backfill_trusted';
const FIRST = 'pg_temp.backfill_first_build';

/** Names the partition that a scratch row was built for, by its start. */
export const BUILT_AS = 'backfill_built_as';

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
  return sql(`DROP TABLE IF EXISTS ${CORRECTED}, ${TRUSTED}, ${FIRST}`);
}

/**
 * The base's columns, computed ones and CHECKs included, so that a row that the shadow would refuse is refused here too.
 * Defaults are left out: an audit column may take its from a sequence, and a rehearsal must not move one.
 */
export function createScratch(plan: BackfillPlan): Sql[] {
  const filled = plan.addedColumns.filter(({ filledBy }) => filledBy !== 'server').map(({ name }) => name);
  const audit = [...plan.auditColumns, ...filled].map((column) => `ALTER COLUMN ${ident(column)} DROP NOT NULL`);
  return [CORRECTED, TRUSTED].flatMap((table) => [
    sql(
      `CREATE TEMPORARY TABLE ${table} (LIKE ${qualified(plan.table)} INCLUDING GENERATED INCLUDING CONSTRAINTS, ${BUILT_AS} text NOT NULL)`,
    ),
    ...(audit.length === 0 ? [] : [sql(`ALTER TABLE ${table} ${audit.join(', ')}`)]),
  ]);
}

/** Runs the corrected logic for one partition and measures it, as the build of the shadow does. */
export function buildScratch(plan: BackfillPlan, slice: EraSlice): Sql {
  return fill(plan, { table: CORRECTED, produced: builtColumns(plan) }, correctedRows(plan, slice), slice);
}

/** Runs the trusted logic; the slice's era counts in `plan.trusted`. */
export function buildTrusted(plan: BackfillPlan, slice: EraSlice): Sql {
  const era = plan.trusted[slice.era - 1];
  if (era === undefined) throw new Error(`no era of the trusted transform covers ${slice.start}`);
  return fill(plan, { table: TRUSTED, produced: plan.comparedColumns }, boundTransform(era.text, plan), slice);
}

function fill(
  plan: BackfillPlan,
  into: { readonly table: string; readonly produced: readonly string[] },
  query: string,
  slice: KeyRange,
): Sql {
  const produced = columns(into.produced);
  return sql(
    `EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) INSERT INTO ${into.table} (${produced}, ${BUILT_AS})
SELECT ${produced}, $3::text FROM (\n${query}\n) built ORDER BY ${columns(orderOf(plan))}`,
    slice.start,
    slice.end,
    slice.start,
  );
}

export function keepFirstBuild(): Sql {
  return sql(`CREATE TEMPORARY TABLE ${FIRST} AS SELECT * FROM ${CORRECTED}`);
}

export function deleteScratch(plan: BackfillPlan, slice: KeyRange): Sql {
  return sql(`DELETE FROM ${CORRECTED} WHERE ${inSlice(plan, { start: 1, end: 2 })}`, slice.start, slice.end);
}

/** One of the slices, with literals: a few partitions in one index-friendly condition. */
export function inSlices(plan: BackfillPlan, slices: readonly KeyRange[]): string {
  const key = ident(plan.contract.partition.key);
  const bound = (value: string): string => `${literal(value)}::${plan.keyType}`;
  return `(${slices.map(({ start, end }) => `${key} >= ${bound(start)} AND ${key} < ${bound(end)}`).join(' OR ')})`;
}

/** Scratch rows that were built for one of the slices. */
export function builtFor(slices: readonly KeyRange[]): string {
  return `${BUILT_AS} IN (${slices.map(({ start }) => literal(start)).join(', ')})`;
}

/** Compares the second build with the first: the chosen partition row by row, its neighbours as a whole. */
export function compareBuilds(plan: BackfillPlan, chosen: KeyRange): Sql {
  const inside = inSlice(plan, { start: 1, end: 2 });
  const built = builtColumns(plan);
  const differs = `${keyPresent(plan, 'first')} <> ${keyPresent(plan, 'second')} OR ROW(${columns(built, 'first')}) IS DISTINCT FROM ROW(${columns(built, 'second')})`;
  const perColumn = built.map(
    (column) =>
      [column, `count(*) FILTER (WHERE first.${ident(column)} IS DISTINCT FROM second.${ident(column)})`] as const,
  );
  return sql(
    `SELECT (SELECT count(*) FROM ${FIRST} WHERE ${inside})::int AS "rowsFirst", (SELECT count(*) FROM ${CORRECTED} WHERE ${inside})::int AS "rowsSecond",
            count(*) FILTER (WHERE ${differs})::int AS differing, ${jsonObject(perColumn)} AS columns,
            (SELECT count(*) - count(DISTINCT ROW(${columns(plan.uniqueKey)})) FROM ${CORRECTED} WHERE ${inside})::int AS duplicates,
            (SELECT count(*) FROM ((SELECT * FROM ${FIRST} WHERE NOT (${inside}) EXCEPT ALL SELECT * FROM ${CORRECTED} WHERE NOT (${inside}))
               UNION ALL (SELECT * FROM ${CORRECTED} WHERE NOT (${inside}) EXCEPT ALL SELECT * FROM ${FIRST} WHERE NOT (${inside}))) moved)::int AS neighbours,
            (SELECT count(*) FROM ${CORRECTED} WHERE ${BUILT_AS} = $1::text AND NOT (${inside}))::int AS outside
       FROM (SELECT * FROM ${FIRST} WHERE ${inside}) first FULL JOIN (SELECT * FROM ${CORRECTED} WHERE ${inside}) second ON ${sameKey(plan, 'first', 'second')}`,
    chosen.start,
    chosen.end,
  );
}
