import type { ReconciliationFigures } from '../domain/batch-verdict.ts';
import type { Check } from '../domain/verdict.ts';
import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

export interface LedgerBatch {
  readonly batch: number;
  readonly state: 'planned' | 'passed' | 'failed' | 'waived';
  readonly start: string;
  readonly end: string;
  readonly partitions: number;
}

/** The newest attempt at the same lane that was opened after attempt `$fence`: from then on that one alone may work there. */
const newerThan = (fence: string): string =>
  `(SELECT max(newer.fence) FROM governance.backfill_attempts mine JOIN governance.backfill_attempts newer USING (backfill_id, lane)
     WHERE mine.fence = ${fence} AND newer.fence > ${fence})`;

/** Takes a batch for an attempt. No row: a newer attempt has it, or the whole lane, and this one must stop. */
export function claimBatch(backfillId: string, batch: number, fence: number): Sql {
  return sql(
    `UPDATE governance.backfill_batches SET fence = $3 WHERE backfill_id = $1 AND batch = $2 AND fence <= $3 AND ${newerThan('$3')} IS NULL
     RETURNING batch, state, range_start AS start, range_end AS "end", last_ordinal - first_ordinal + 1 AS partitions`,
    backfillId,
    batch,
    fence,
  );
}

/** Its figures are of rows that were replaced. */
export function uncheckBatch(backfillId: string, batch: number): Sql {
  return sql(
    `UPDATE governance.backfill_batches SET state = 'planned' WHERE backfill_id = $1 AND batch = $2`,
    backfillId,
    batch,
  );
}

/** Batches whose partitions are all built and whose check is missing or failed, oldest first. */
export function uncheckedBatches(backfillId: string): Sql {
  return sql(
    `SELECT b.batch FROM governance.backfill_batches b WHERE b.backfill_id = $1 AND b.state IN ('planned', 'failed')
        AND NOT EXISTS (SELECT FROM governance.backfill_partitions p WHERE p.backfill_id = $1 AND p.batch = b.batch AND p.state <> 'built') ORDER BY b.batch`,
    backfillId,
  );
}

/** Batches whose sources nobody looked at since the approval, and since the run began to publish: oldest first. */
export function batchesToLookAt(backfillId: string): Sql {
  return sql(
    `SELECT b.batch FROM governance.backfill_batches b JOIN governance.backfill_runs r USING (backfill_id)
      WHERE b.backfill_id = $1 AND greatest(b.reconciled_at, b.sources_seen_at) <= greatest(CASE WHEN r.status = 'publishing' THEN r.status_since END,
            (SELECT max(decided_at) FROM governance.backfill_approvals WHERE backfill_id = $1 AND decision = 'approve' AND void_since IS NULL)) ORDER BY b.batch`,
    backfillId,
  );
}

export function sourcesSeen(backfillId: string, batch: number): Sql {
  return sql(
    'UPDATE governance.backfill_batches SET sources_seen_at = clock_timestamp() WHERE backfill_id = $1 AND batch = $2',
    backfillId,
    batch,
  );
}

/** Held to the end of the rebuilding transaction: no two build in one batch at once, a successor's claim waits, and a zombie sees that it lost. */
export function lockClaim(backfillId: string, batch: number, fence: number): Sql {
  return sql(
    `SELECT greatest(fence, ${newerThan('$3')})::float8 AS fence FROM governance.backfill_batches WHERE backfill_id = $1 AND batch = $2 FOR NO KEY UPDATE`,
    backfillId,
    batch,
    fence,
  );
}

export function recordVerdict(
  backfillId: string,
  batch: number,
  result: {
    readonly state: LedgerBatch['state'];
    readonly checks: readonly Check[];
    readonly figures: ReconciliationFigures;
    readonly digest: string;
    readonly fence: number;
  },
): Sql {
  return sql(
    `UPDATE governance.backfill_batches SET state = $3, checks = $4::jsonb, figures = $5::jsonb, digest = $6, reconciled_at = clock_timestamp()
      WHERE backfill_id = $1 AND batch = $2 AND fence <= $7`,
    backfillId,
    batch,
    result.state,
    JSON.stringify(result.checks),
    JSON.stringify(result.figures),
    result.digest,
    result.fence,
  );
}

/** The figures of all batches added up where they lie; exact, whatever their number. Digests are chained in batch order. */
export function sumBatches(backfillId: string): Sql {
  const count = (name: string): string => `'${name}', coalesce(sum((figures ->> '${name}')::bigint), 0)`;
  const byKey = (name: string): string =>
    `'${name}', coalesce((SELECT jsonb_object_agg(key, total) FROM (SELECT key, sum(value::bigint) AS total FROM governance.backfill_batches, jsonb_each_text(figures -> '${name}') WHERE backfill_id = $1 GROUP BY key) t), '{}')`;
  const nested = (name: string): string =>
    `'${name}', coalesce((SELECT jsonb_object_agg(key, parts) FROM (SELECT key, jsonb_object_agg(part, total) AS parts FROM (SELECT a.key, c.key AS part, sum(c.value::numeric)::text AS total FROM governance.backfill_batches, jsonb_each(figures -> '${name}') a, jsonb_each_text(a.value) c WHERE backfill_id = $1 GROUP BY 1, 2) t GROUP BY key) u), '{}')`;
  return sql(
    `SELECT jsonb_build_object(${['partitionsPlanned', 'partitionsBuilt', 'rowsOld', 'rowsNew', 'rowsSame', 'rowsChanged', 'rowsAdded', 'rowsRemoved', 'rowsTolerated', 'rowsLive', 'duplicateKeys', 'uniqueIndexMissing', 'rowsOutside', 'unexplained'].map(count).join(', ')},
       ${['nulls', 'explained', 'overlaps', 'signatures', 'partitionsOutside', 'sourceMissing', 'constantsLost'].map(byKey).join(', ')},
       ${['measures', 'liveMeasures', 'attribution', 'absolute', 'tolerated', 'deltas'].map(nested).join(', ')},
       'inexact', coalesce((SELECT jsonb_agg(DISTINCT name) FROM governance.backfill_batches, jsonb_array_elements_text(figures -> 'inexact') name WHERE backfill_id = $1), '[]'),
       'sourceDifferences', coalesce((SELECT jsonb_object_agg(key, largest::text) FROM (SELECT key, max(value::numeric) AS largest FROM governance.backfill_batches, jsonb_each_text(figures -> 'sourceDifferences') WHERE backfill_id = $1 GROUP BY key) t), '{}')) AS figures,
       count(*) FILTER (WHERE state NOT IN ('passed', 'waived'))::int AS open,
       count(*) FILTER (WHERE state = 'waived')::int AS waived,
       encode(sha256(convert_to(coalesce(string_agg(batch || ':' || digest, ',' ORDER BY batch), ''), 'UTF8')), 'hex') AS digest
  FROM governance.backfill_batches WHERE backfill_id = $1`,
    backfillId,
  );
}
