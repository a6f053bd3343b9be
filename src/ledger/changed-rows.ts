import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** A row that the correction changes, with the contract's first measure over that row alone. */
export interface ChangedRow {
  /** By column of the unique key. */
  readonly key: Readonly<Record<string, unknown>>;
  readonly class: 'changed' | 'added' | 'removed';
  readonly old: string | null;
  readonly new: string | null;
  readonly explanation: string | null;
}

/** The largest changes of the run: those that every batch keeps, as it was reconciled last, merged. */
export function largestChanges(backfillId: string, limit: number): Sql {
  return sql(
    `SELECT r.value -> 'key' AS key, r.value ->> 'class' AS class, r.value ->> 'old' AS old, r.value ->> 'new' AS new, r.value ->> 'explanation' AS explanation
       FROM (SELECT DISTINCT ON (b.batch) b.batch, e.body -> 'topRows' AS rows
               FROM governance.backfill_batches b JOIN governance.backfill_evidence e
                 ON e.backfill_id = b.backfill_id AND e.kind = 'batch' AND e.batch = b.batch AND e.digest = b.digest
              WHERE b.backfill_id = $1 ORDER BY b.batch, e.evidence_id DESC) newest,
            jsonb_array_elements(newest.rows) r
      ORDER BY abs(coalesce((r.value ->> 'new')::numeric, 0) - coalesce((r.value ->> 'old')::numeric, 0)) DESC, newest.batch, r.value ->> 'key' LIMIT $2`,
    backfillId,
    limit,
  );
}
