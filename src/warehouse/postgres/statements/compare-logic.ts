import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { KeyRange } from '../../../domain/backfill-spec.ts';
import type { Sql } from '../../sql.ts';
import { columns, ident, jsonObject, literal, qualified, sql } from '../../sql.ts';
import { shownValue } from './masked.ts';
import { BUILT_AS, CORRECTED, TRUSTED, builtFor, inSlices } from './scratch.ts';
import { inSlice } from './slice.ts';
import { keyPresent, sameKey, sameKeyAsEither } from './unique-key.ts';

/** What the pipeline wrote in one partition after the interval against the corrected logic: rows, differences, columns. */
export function compareSeam(plan: BackfillPlan, slice: KeyRange): Sql {
  return sql(
    `SELECT $3::text AS partition, count(*) FILTER (WHERE ${keyPresent(plan, 'published')})::int AS rows,
            count(*) FILTER (WHERE NOT ${same(plan, 'published', 'corrected')})::int AS differing, ${differences(plan, 'published', 'corrected', 'true')} AS columns
       FROM ${seamSides(plan)}`,
    slice.start,
    slice.end,
    slice.start,
  );
}

/** Rows of one partition in which the pipeline and the corrected logic differ: the key, and both values of each column that does. The first by their key. */
export function seamDifferences(plan: BackfillPlan, slice: KeyRange, limit: number): Sql {
  const key = plan.uniqueKey.map((column): [string, string] => [
    column,
    `(${shownValue(plan, column, `coalesce(published.${ident(column)}, corrected.${ident(column)})`)})::text`,
  ]);
  const values = plan.comparedColumns.map((column) => {
    const [left, right] = [`published.${ident(column)}`, `corrected.${ident(column)}`];
    const shown = [left, right].map((value) => `(${shownValue(plan, column, value)})::text`).join(', ');
    return `(${literal(column)}, ${shown}, ${left} IS DISTINCT FROM ${right})`;
  });
  return sql(
    `SELECT $3::text AS partition, ${jsonObject(key)} AS key,
            CASE WHEN NOT ${keyPresent(plan, 'published')} THEN 'published' WHEN NOT ${keyPresent(plan, 'corrected')} THEN 'corrected' END AS missing,
            (SELECT coalesce(jsonb_object_agg(name, jsonb_build_object('published', one, 'corrected', other)), '{}') FROM (VALUES ${values.join(', ')}) v(name, one, other, differs) WHERE differs) AS columns
       FROM ${seamSides(plan)}
      WHERE NOT ${same(plan, 'published', 'corrected')} ORDER BY ${plan.uniqueKey.map((column) => `coalesce(published.${ident(column)}, corrected.${ident(column)})`).join(', ')} LIMIT $4`,
    slice.start,
    slice.end,
    slice.start,
    limit,
  );
}

function seamSides(plan: BackfillPlan): string {
  return `(SELECT * FROM ${qualified(plan.table)} WHERE ${inSlice(plan, { start: 1, end: 2 })}) published
       FULL JOIN (SELECT * FROM ${CORRECTED} WHERE ${BUILT_AS} = $3::text) corrected ON ${sameKey(plan, 'published', 'corrected')}`;
}

/** Which logic explains the published rows of one sample partition. */
export function compareReproduction(plan: BackfillPlan, slice: KeyRange): Sql {
  const reproduced = same(plan, 'published', 'trusted');
  const corrected = `NOT ${reproduced} AND ${same(plan, 'published', 'corrected')}`;
  const drifted = `NOT ${reproduced} AND NOT ${same(plan, 'published', 'corrected')}`;
  const counted = `(${keyPresent(plan, 'published')} OR ${keyPresent(plan, 'trusted')})`;
  return sql(
    `SELECT $3::text AS partition, count(*) FILTER (WHERE ${counted})::int AS rows, count(*) FILTER (WHERE ${counted} AND ${reproduced})::int AS reproduced,
            count(*) FILTER (WHERE ${corrected})::int AS "alreadyCorrected", count(*) FILTER (WHERE ${drifted})::int AS drifted,
            ${differences(plan, 'published', 'trusted', drifted)} AS columns
       FROM ${threeWays(
         plan,
         `SELECT * FROM ${qualified(plan.table)} WHERE ${inSlice(plan, { start: 1, end: 2 })}`,
         `${BUILT_AS} = $3::text`,
       )}`,
    slice.start,
    slice.end,
    slice.start,
  );
}

/**
 * Every measure over all sample partitions: what changed inputs alone do to it, and what the correction does. A row that
 * is corrected already counts as published on all sides: it moves nothing, by whatever logic.
 */
export function measureEffects(plan: BackfillPlan, slices: readonly KeyRange[]): Sql {
  const names = plan.columns.map((column) => column.name);
  const corrected = `NOT ${same(plan, 'published', 'trusted')} AND ${same(plan, 'published', 'corrected')}`;
  // Decimal arithmetic, also for measures of floats: parts that do not add up to the whole would be a cause of their own.
  const total = (expression: string, side: string): string =>
    `coalesce((SELECT ${expression} FROM ${side}), 0)::numeric`;
  const effects = Object.entries(plan.contract.measures).map(([name, expression]): [string, string] => {
    const old = total(expression, 'old_rows');
    const replayed = total(expression, 'replayed_rows');
    const now = total(expression, 'new_rows');
    return [
      name,
      `jsonb_build_object('input', (${replayed} - ${old})::text, 'logic', (${now} - ${replayed})::text, 'delta', (${now} - ${old})::text)`,
    ];
  });
  return sql(
    `WITH old_rows AS (SELECT ${columns(names)} FROM ${qualified(plan.table)} WHERE ${inSlices(plan, slices)}),
     new_rows AS (SELECT ${columns(names)} FROM ${CORRECTED} WHERE ${builtFor(slices)}),
     pairs AS MATERIALIZED (SELECT trusted AS t, corrected AS c, ${keyPresent(plan, 'trusted')} AS has_trusted, ${keyPresent(plan, 'corrected')} AS has_corrected, ${corrected} AS is_corrected
                              FROM ${threeWays(plan, 'SELECT * FROM old_rows', builtFor(slices))}),
     replayed_rows AS (SELECT ${columns(names, '(t)')} FROM pairs WHERE has_trusted AND NOT is_corrected
                       UNION ALL SELECT ${columns(names, '(c)')} FROM pairs WHERE has_corrected AND is_corrected)
SELECT ${jsonObject(effects)} AS effects`,
  );
}

function threeWays(plan: BackfillPlan, published: string, built: string): string {
  return `(${published}) published
       FULL JOIN (SELECT * FROM ${TRUSTED} WHERE ${built}) trusted ON ${sameKey(plan, 'published', 'trusted')}
       FULL JOIN (SELECT * FROM ${CORRECTED} WHERE ${built}) corrected ON ${sameKeyAsEither(plan, ['published', 'trusted'], 'corrected')}`;
}

/** Both there and equal in every compared column, or both missing. */
function same(plan: BackfillPlan, left: string, right: string): string {
  return `(ROW(${columns(plan.comparedColumns, left)}) IS NOT DISTINCT FROM ROW(${columns(plan.comparedColumns, right)}))`;
}

/** By column, the rows on both sides in which it differs; `keys` counts rows that one side lacks. */
function differences(plan: BackfillPlan, left: string, right: string, where: string): string {
  const both = `${keyPresent(plan, left)} AND ${keyPresent(plan, right)}`;
  const perColumn = plan.comparedColumns.map((column): [string, string] => [
    column,
    `count(*) FILTER (WHERE (${where}) AND ${both} AND ${left}.${ident(column)} IS DISTINCT FROM ${right}.${ident(column)})`,
  ]);
  const keys = `count(*) FILTER (WHERE (${where}) AND ${keyPresent(plan, left)} <> ${keyPresent(plan, right)})`;
  return jsonObject([...perColumn, ['keys', keys]]);
}
