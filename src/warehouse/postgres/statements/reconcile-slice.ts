import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { KeyRange } from '../../../domain/backfill-spec.ts';
import type { QualifiedName } from '../../../domain/names.ts';
import type { Sql } from '../../sql.ts';
import { columns, ident, jsonObject, literal, qualified, sql } from '../../sql.ts';
import { constantsLost } from './added-columns.ts';
import { attributedPieces, rowAmounts } from './attribute-rows.ts';
import type { ComparedSides } from './compare-pairs.ts';
import { comparedPairs } from './compare-pairs.ts';
import { deltaCounts } from './delta-distribution.ts';
import { measuredGroups } from './group-measures.ts';
import { liveAlsoWhereMoved } from './live-rows.ts';
import { sampledRows, topRows } from './sample-rows.ts';
import { hasUniqueIndex, rowsBesideCheckpoints } from './shadow-rows.ts';
import { inSlice } from './slice.ts';
import { moved as difference } from './tolerance.ts';

/** What is compared, and what tells of the new side that its rows lie where they belong. */
export interface Sides extends ComparedSides {
  /** How many rows of `new_rows` are not those that their partitions were built with. */
  readonly outside: string;
  /** Whether a unique index holds the new rows to the unique key; null: there need be none. */
  readonly indexed: string | null;
  /** The partitions compared: `lo`, typed as the partition key. */
  readonly partitions: string;
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
    outside: `SELECT ${rowsBesideCheckpoints('$3', 'AND batch = $4::int')} FROM new_rows`,
    indexed: hasUniqueIndex(plan),
    partitions: `SELECT partition_start::${plan.keyType} AS lo FROM governance.backfill_partitions WHERE backfill_id = $3 AND batch = $4::int`,
    ...(moved ? { live: liveAlsoWhereMoved(plan, ['old', 'new'], '$4') } : {}),
  };
  return sql(reconcileSides(plan, sides), batch.start, batch.end, plan.backfillId, batch.batch);
}

/**
 * Answers one row: counts by class, nulls, measures by side and part, what the changed rows come to by reason, the rows
 * that changed most, and examples. `readComparison` makes figures of it.
 */
export function reconcileSides(plan: BackfillPlan, sides: Sides): string {
  return `WITH pairs AS MATERIALIZED (${comparedPairs(plan, sides)}),
     new_rows AS (SELECT (n).* FROM pairs WHERE has_new),
     bounds AS (SELECT array_agg(lo ORDER BY lo) AS starts FROM (${sides.partitions}) p),
     amounts AS MATERIALIZED (${rowAmounts(plan)})
SELECT ${jsonObject(counts(plan, sides))} AS counts,
  (SELECT jsonb_agg(lo::text ORDER BY n) FROM bounds, unnest(starts) WITH ORDINALITY s(lo, n)) AS partitions,
  (${measuredGroups(plan)}) AS groups,
  (${attributedPieces(plan)}) AS pieces,
  ${topRows(plan)} AS "topRows",
  ${sampledRows(plan)} AS samples
FROM pairs`;
}

function counts(plan: BackfillPlan, sides: Sides): (readonly [string, string])[] {
  const ofClass = (name: string): string => `count(*) FILTER (WHERE NOT live AND class = '${name}')`;
  const base = sides.base === null ? { rows: 'o', present: 'has_old' } : { rows: 'b', present: 'has_base' };
  const lost = constantsLost(plan, base);
  return [
    ['rowsOld', 'count(*) FILTER (WHERE has_old)'],
    ['rowsNew', 'count(*) FILTER (WHERE has_new)'],
    ['rowsSame', ofClass('same')],
    ['rowsChanged', ofClass('changed')],
    ['rowsAdded', ofClass('added')],
    ['rowsRemoved', ofClass('removed')],
    ['rowsTolerated', ofClass('tolerated')],
    ['rowsLive', 'count(*) FILTER (WHERE live)'],
    [
      'duplicateKeys',
      `CASE WHEN ${sides.indexed ?? 'false'} THEN 0 ELSE (SELECT count(*) - count(DISTINCT ROW(${columns(plan.uniqueKey)})) FROM new_rows) END`,
    ],
    ['uniqueIndexMissing', sides.indexed === null ? '0' : `CASE WHEN ${sides.indexed} THEN 0 ELSE 1 END`],
    ['rowsOutside', `(${sides.outside})`],
    ['nulls', jsonObject(requiredColumns(plan).map((column) => [column, missing(column)]))],
    ['explained', jsonObject(Object.keys(plan.contract.explanations).map((name) => [name, explainedBy(name)]))],
    ['unexplained', `count(*) FILTER (WHERE NOT live AND class NOT IN ('same', 'tolerated') AND reason IS NULL)`],
    ['types', `(SELECT ${jsonObject(measureTypes(plan))} FROM (SELECT (n).* FROM pairs LIMIT 0) none)`],
    ['deltas', deltaCounts(plan)],
    ['overlaps', OVERLAPS],
    ['signatures', SIGNATURES],
    ['tolerated', jsonObject(Object.keys(plan.spec.validation.tolerances).map((name) => [name, tolerated(name)]))],
    ...(lost.length === 0 ? [] : [['constantsLost', jsonObject(lost)] as const]),
  ];
}

/** What the contract demands of every row, and what the spec demands beside it. */
export function requiredColumns({ contract, spec }: Pick<BackfillPlan, 'contract' | 'spec'>): readonly string[] {
  return [...new Set([...contract.required, ...spec.validation.required])];
}

/** Sums of floating point depend on their order, so they are compared otherwise than exact ones. */
function measureTypes(plan: BackfillPlan): (readonly [string, string])[] {
  return Object.entries(plan.contract.measures).map(([name, expression]) => [name, `pg_typeof(${expression})::text`]);
}

function missing(column: string): string {
  return `count(*) FILTER (WHERE has_new AND (n).${ident(column)} IS NULL)`;
}

function explainedBy(name: string): string {
  return `count(*) FILTER (WHERE NOT live AND reason = ${literal(name)})`;
}

function tolerated(column: string): string {
  const name = ident(column);
  const where = `FILTER (WHERE NOT live AND class = 'tolerated' AND (o).${name} IS DISTINCT FROM (n).${name})`;
  const sum = (value: string): string => `coalesce(sum(${value}) ${where}, 0)::text`;
  const moves = difference(`(o).${name}`, `(n).${name}`);
  return `jsonb_build_object('signed', ${sum(moves)}, 'absolute', ${sum(`abs(${moves})`)})`;
}

/** Rows that more than one reason explains; the first one counts. */
const OVERLAPS = `(SELECT coalesce(jsonb_object_agg(reasons, rows), '{}') FROM (SELECT array_to_string(all_of, ' + ') AS reasons, count(*) AS rows FROM pairs WHERE NOT live AND cardinality(all_of) > 1 GROUP BY 1) found)`;

/** Which sets of columns change together: the twenty most frequent. */
const SIGNATURES = `(SELECT coalesce(jsonb_object_agg(signature, rows), '{}') FROM (SELECT signature, count(*) AS rows FROM pairs WHERE NOT live AND signature IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20) found)`;
