import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';
import { NEWEST_CHECKS } from './compared-parts.ts';

/** A row that the correction changes, with the contract's first measure over that row alone. */
export interface ChangedRow {
  /** By column of the unique key. */
  readonly key: Readonly<Record<string, unknown>>;
  readonly class: 'changed' | 'added' | 'removed' | 'tolerated';
  readonly old: string | null;
  readonly new: string | null;
  readonly explanation: string | null;
  /** The columns that differ; null where the whole row came or went. */
  readonly columns: string | null;
}

/** Examples of every batch, as it was reconciled last: those whose keys have the smallest digests. */
export function exampleRows(backfillId: string, kind: 'changed' | 'unchanged', limit: number): Sql {
  return sql(
    `SELECT r.value -> 'key' AS key, r.value ->> 'class' AS class, r.value ->> 'old' AS old, r.value ->> 'new' AS new, r.value ->> 'explanation' AS explanation, r.value ->> 'columns' AS columns
       FROM (${NEWEST_CHECKS}) newest, jsonb_array_elements(newest.body -> 'samples' -> $2) r ORDER BY sha256(convert_to(r.value ->> 'key', 'UTF8')) LIMIT $3`,
    backfillId,
    kind,
    limit,
  );
}

/** The largest changes of the run: those that every batch keeps, as it was reconciled last, merged. */
export function largestChanges(backfillId: string, limit: number): Sql {
  return sql(
    `SELECT r.value -> 'key' AS key, r.value ->> 'class' AS class, r.value ->> 'old' AS old, r.value ->> 'new' AS new, r.value ->> 'explanation' AS explanation, r.value ->> 'columns' AS columns
       FROM (${NEWEST_CHECKS}) newest, jsonb_array_elements(newest.body -> 'topRows') r
      ORDER BY abs(coalesce((r.value ->> 'new')::numeric, 0) - coalesce((r.value ->> 'old')::numeric, 0)) DESC, newest.batch, r.value ->> 'key' LIMIT $2`,
    backfillId,
    limit,
  );
}
