import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { KeyRange } from '../../../domain/backfill-spec.ts';
import type { QualifiedName } from '../../../domain/names.ts';
import type { Sql } from '../../sql.ts';
import { columns, ident, jsonObject, literal, qualified, sql } from '../../sql.ts';
import { constantsLost } from './added-columns.ts';
import { differsFromBase, liveAlsoWhereMoved } from './live-rows.ts';
import { hasUniqueIndex, rowsBesideCheckpoints } from './shadow-rows.ts';
import { inSlice } from './slice.ts';
import { keyPresent, sameKey } from './unique-key.ts';

/** The queries of the three sides, and what tells of the new one that its rows lie where they belong. */
export interface Sides {
  readonly old: string;
  readonly new: string;
  readonly base: string;
  /** How many new rows are not those that their partitions were built with. */
  readonly outside: string;
  /** Whether a unique index holds the new rows to the unique key. */
  readonly indexed: string;
  /** What makes a row one that the live pipeline wrote; where it is not given, a base that is not the snapshot. */
  readonly live?: string;
}

interface BatchSlice extends KeyRange {
  readonly batch: number;
}

/**
 * One pass over a batch, three ways: snapshot (what consumers trusted), shadow (what was rebuilt), base (what the live
 * pipeline made of it since). `moved`: rows of this batch were moved into the base by now. Predicates stand inside each side, or the full join would read everything.
 */
export function reconcileSlice(plan: BackfillPlan, batch: BatchSlice, moved = false): Sql {
  const rows = (table: QualifiedName): string =>
    `SELECT * FROM ${qualified(table)} WHERE ${inSlice(plan, { start: 1, end: 2 })}`;
  const sides = {
    old: rows(plan.snapshot),
    new: rows(plan.shadow),
    base: rows(plan.table),
    outside: `SELECT ${rowsBesideCheckpoints('$3', 'AND batch = $4::int')} FROM new`,
    indexed: hasUniqueIndex(plan),
    ...(moved ? { live: liveAlsoWhereMoved(plan, ['old', 'new'], '$4') } : {}),
  };
  return sql(reconcileSides(plan, sides), batch.start, batch.end, plan.backfillId, batch.batch);
}

/** Answers one row: counts by class, nulls, measures without live rows, explanations, the rows that changed most. */
export function reconcileSides(plan: BackfillPlan, sides: Sides): string {
  const measures = Object.entries(plan.contract.measures);
  const [headline] = measures;
  const lost = constantsLost(plan);
  return `WITH old AS (${sides.old}),
     new AS (${sides.new}),
     base AS (${sides.base}),
pairs AS MATERIALIZED (
  SELECT old AS o, new AS n, base AS b, ${keyPresent(plan, 'old')} AS has_old, ${keyPresent(plan, 'new')} AS has_new, ${keyPresent(plan, 'base')} AS has_base,
         ${sides.live ?? differsFromBase(plan, 'old')} AS live,
         CASE WHEN NOT ${keyPresent(plan, 'old')} THEN 'added' WHEN NOT ${keyPresent(plan, 'new')} THEN 'removed'
              WHEN ROW(${columns(plan.comparedColumns, 'old')}) IS DISTINCT FROM ROW(${columns(plan.comparedColumns, 'new')}) THEN 'changed' ELSE 'same' END AS class,
         ${explanationColumn(plan)} AS explanation
    FROM old FULL JOIN new ON ${sameKey(plan, 'old', 'new')}
    FULL JOIN base ON ${plan.uniqueKey.map((column) => `coalesce(old.${ident(column)}, new.${ident(column)}) = base.${ident(column)}`).join(' AND ')}
), old_rows AS (SELECT (o).* FROM pairs WHERE has_old AND NOT live),
   new_rows AS (SELECT (n).* FROM pairs WHERE has_new AND NOT live),
   live_before AS (SELECT (o).* FROM pairs WHERE has_old AND live),
   live_after AS (SELECT (b).* FROM pairs WHERE has_base AND live)
SELECT jsonb_build_object(
  'rowsOld', (SELECT count(*) FROM old), 'rowsNew', (SELECT count(*) FROM new),
  'rowsSame', count(*) FILTER (WHERE NOT live AND class = 'same'), 'rowsChanged', count(*) FILTER (WHERE NOT live AND class = 'changed'),
  'rowsAdded', count(*) FILTER (WHERE NOT live AND has_new AND class = 'added'), 'rowsRemoved', count(*) FILTER (WHERE NOT live AND has_old AND class = 'removed'),
  'rowsLive', count(*) FILTER (WHERE live),
  'duplicateKeys', (SELECT count(*) - count(DISTINCT ROW(${columns(plan.uniqueKey)})) FROM new),
  'uniqueIndexMissing', CASE WHEN ${sides.indexed} THEN 0 ELSE 1 END,
  'rowsOutside', (${sides.outside}),
  'nulls', ${jsonObject(plan.contract.required.map((column) => [column, `(SELECT count(*) FROM new WHERE ${ident(column)} IS NULL)`]))},
  'measures', ${jsonObject(measures.map(([name, expression]) => [name, bothSides(expression, 'old_rows', 'new_rows')]))},
  'liveMeasures', ${jsonObject(measures.map(([name, expression]) => [name, bothSides(expression, 'live_before', 'live_after')]))},
  'explained', ${jsonObject(Object.keys(plan.contract.explanations).map((name) => [name, `count(*) FILTER (WHERE NOT live AND class = 'changed' AND explanation = ${literal(name)})`]))},
  'unexplained', count(*) FILTER (WHERE NOT live AND class <> 'same' AND explanation IS NULL)${lost.length === 0 ? '' : `, 'constantsLost', ${jsonObject(lost)}`}) AS figures,
  ${headline === undefined ? `'[]'::jsonb` : topRows(plan, headline[1])} AS "topRows"
FROM pairs`;
}

/** The first explanation that holds. They are contract text over `old` and `new`, reviewed with the transform. */
function explanationColumn(plan: BackfillPlan): string {
  const cases = Object.entries(plan.contract.explanations).map(
    ([name, condition]) => `WHEN (${condition}) THEN ${literal(name)}`,
  );
  return cases.length === 0 ? 'NULL::text' : `CASE ${cases.join(' ')} END`;
}

function bothSides(expression: string, before: string, after: string): string {
  return `jsonb_build_object('old', coalesce((SELECT ${expression} FROM ${before}), 0)::text, 'new', coalesce((SELECT ${expression} FROM ${after}), 0)::text)`;
}

/** A batch keeps its ten largest changes by the contract's first measure; the report merges them. */
const TOP_ROWS = 10;

function topRows(plan: BackfillPlan, measure: string): string {
  const key = plan.uniqueKey
    .map((column) => `${literal(column)}, coalesce((o).${ident(column)}, (n).${ident(column)})`)
    .join(', ');
  return `coalesce((SELECT jsonb_agg(jsonb_build_object('key', top.key, 'class', top.class, 'old', top.before::text, 'new', top.after::text, 'explanation', top.explanation) ORDER BY top.size DESC)
   FROM (SELECT jsonb_build_object(${key}) AS key, class, explanation, before, after, abs(coalesce(after, 0) - coalesce(before, 0)) AS size
           FROM pairs, LATERAL (SELECT (SELECT ${measure} FROM (SELECT (o).*) one WHERE has_old) AS before, (SELECT ${measure} FROM (SELECT (n).*) one WHERE has_new) AS after) amounts
          WHERE NOT live AND class <> 'same' ORDER BY size DESC LIMIT ${TOP_ROWS}) top), '[]')`;
}
