import type pg from 'pg';
import type { ProductMeasured } from './measured.ts';

export type LaneTimes = Pick<ProductMeasured, 'milliseconds' | 'idleMs' | 'handOverMs' | 'claims'>;

/**
 * From the ledger's own instants: the first claim's beginning to the last batch verdict, what lay between the claims of
 * each lane, and how long a lane had nothing left while another still worked.
 */
export async function readLaneTimes(admin: pg.Pool, backfillId: string): Promise<LaneTimes> {
  const { rows } = await admin.query<LaneTimes>(
    `WITH span AS (SELECT max(reconciled_at) AS last FROM governance.backfill_batches WHERE backfill_id = $1),
     claims AS (SELECT lane, started_at, coalesce(ended_at, span.last) AS ended_at, lag(ended_at) OVER (PARTITION BY lane ORDER BY fence) AS before
                  FROM governance.backfill_attempts, span WHERE backfill_id = $1 AND lane > 0 AND started_at <= span.last),
     lanes AS (SELECT lane, max(ended_at) AS ended_at, count(*) AS claims, coalesce(sum(extract(epoch FROM started_at - before)), 0) AS gaps FROM claims GROUP BY lane)
SELECT (extract(epoch FROM span.last - (SELECT min(started_at) FROM claims)) * 1000)::float8 AS milliseconds,
       (SELECT sum(greatest(0, extract(epoch FROM span.last - lanes.ended_at))) * 1000 FROM lanes)::float8 AS "idleMs",
       (SELECT sum(gaps) * 1000 FROM lanes)::float8 AS "handOverMs", (SELECT sum(claims)::int FROM lanes) AS claims FROM span`,
    [backfillId],
  );
  const [times] = rows;
  if (times === undefined) throw new Error(`the ledger has no claims of ${backfillId}`);
  return times;
}
