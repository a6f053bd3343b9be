import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { KeyRange } from '../../../domain/backfill-spec.ts';
import type { Sql } from '../../sql.ts';
import { columns, ident, literal, qualified, sql } from '../../sql.ts';
import { keptValue } from './masked.ts';
import { inSlice } from './slice.ts';
import { keyPresent, sameKey } from './unique-key.ts';

/** What a partition's rows were moved from, kept while it is built anew. */
const MOVED_ROWS = 'pg_temp.backfill_moved_rows';

/** The base says something else than the given side: the live pipeline wrote the row, unless we moved it there. */
export function differsFromBase(plan: BackfillPlan, side: string): string {
  return `${keyPresent(plan, side)} IS DISTINCT FROM ${keyPresent(plan, 'base')} OR ROW(${columns(plan.comparedColumns, side)}) IS DISTINCT FROM ROW(${columns(plan.comparedColumns, 'base')})`;
}

/**
 * Where rows of a partition were moved, base and snapshot differ by our own hand; there the ledger says which keys the
 * live pipeline wrote. `$3` is the backfill and `batch` the parameter with the batch.
 */
export function liveAlsoWhereMoved(plan: BackfillPlan, sides: readonly string[], batch: string): string {
  const one = (column: string): string =>
    `coalesce(${sides.map((side) => `${side}.${ident(column)}`).join(', ')}, base.${ident(column)})`;
  const key = one(plan.contract.partition.key);
  return `CASE WHEN EXISTS (SELECT FROM governance.backfill_partitions p WHERE p.backfill_id = $3 AND p.batch = ${batch}::int AND p.moved_at IS NOT NULL
                   AND ${key} >= p.partition_start::${plan.keyType} AND ${key} < p.partition_end::${plan.keyType})
              THEN EXISTS (SELECT FROM governance.live_rows l WHERE l.backfill_id = $3 AND l.row_key = jsonb_build_array(${rowKey(plan, one)}))
              ELSE ${differsFromBase(plan, sides[0] ?? '')} END`;
}

/** Before rows of a partition are moved for the first time: what the live pipeline wrote there since the snapshot. */
export function recordLiveSinceSnapshot(plan: BackfillPlan, slice: KeyRange): Sql {
  return recordLive(plan, slice, qualified(plan.snapshot));
}

/** Before a moved partition is built anew: what was moved, for `recordLiveSinceMove` in the same transaction. */
export function keepMovedRows(plan: BackfillPlan, slice: KeyRange): Sql {
  const key = ident(plan.contract.partition.key);
  const bound = (text: string): string => `${literal(text)}::${plan.keyType}`;
  return sql(
    `CREATE TEMPORARY TABLE backfill_moved_rows ON COMMIT DROP AS SELECT * FROM ${qualified(plan.shadow)} WHERE ${key} >= ${bound(slice.start)} AND ${key} < ${bound(slice.end)}`,
  );
}

/**
 * After it was built anew, as a later statement than the build: a write that the build saw is told apart as well, and
 * one that it did not see has a mark of its own.
 */
export function recordLiveSinceMove(plan: BackfillPlan, slice: KeyRange): Sql {
  return recordLive(plan, slice, MOVED_ROWS);
}

/** Another partition of the same transaction keeps its own. */
export function forgetMovedRows(): Sql {
  return sql(`DROP TABLE ${MOVED_ROWS}`);
}

function recordLive(plan: BackfillPlan, slice: KeyRange, since: string): Sql {
  const inside = inSlice(plan, { start: 1, end: 2 });
  const key = rowKey(plan, (column) => `coalesce(since.${ident(column)}, base.${ident(column)})`);
  return sql(
    `INSERT INTO governance.live_rows (backfill_id, row_key)
SELECT $3, jsonb_build_array(${key})
  FROM (SELECT * FROM ${since} WHERE ${inside}) since FULL JOIN (SELECT * FROM ${qualified(plan.table)} WHERE ${inside}) base ON ${sameKey(plan, 'since', 'base')}
 WHERE ${differsFromBase(plan, 'since')} ON CONFLICT DO NOTHING`,
    slice.start,
    slice.end,
    plan.backfillId,
  );
}

function rowKey(plan: BackfillPlan, value: (column: string) => string): string {
  return plan.uniqueKey.map((column) => keptValue(plan, column, value(column))).join(', ');
}
