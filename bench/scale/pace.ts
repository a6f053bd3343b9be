import type pg from 'pg';
import type { Pace } from './measured.ts';

export async function readPace(admin: pg.Pool, backfillId: string): Promise<Pace> {
  const { rows } = await admin.query<Pace>(
    `WITH span AS (SELECT min(started_at) AS began FROM governance.backfill_attempts WHERE backfill_id = $1 AND lane > 0),
     checked AS (SELECT reconciled_at AS at, row_number() OVER (ORDER BY reconciled_at) AS n, count(*) OVER () AS batches FROM governance.backfill_batches WHERE backfill_id = $1),
     tenth AS (SELECT max(batches)::int AS batches, greatest(1, max(batches) / 10) AS size FROM checked),
     marks AS (SELECT batches, size, (SELECT at FROM checked WHERE n = size) AS first, (SELECT at FROM checked WHERE n = tenth.batches - size) AS before, (SELECT max(at) FROM checked) AS last FROM tenth)
SELECT batches, (extract(epoch FROM last - began) * 1000)::float8 AS milliseconds,
       (extract(epoch FROM first - began) * 1000 / size)::float8 AS "firstTenth", (extract(epoch FROM last - before) * 1000 / size)::float8 AS "lastTenth"
  FROM span, marks`,
    [backfillId],
  );
  const [pace] = rows;
  if (pace === undefined) throw new Error(`the ledger has no batches of ${backfillId}`);
  return pace;
}
