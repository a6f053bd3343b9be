import type { ComparedValue } from '../domain/comparison.ts';
import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** What each batch was found to hold when it was checked last: one row a batch, `body` its evidence. */
export const NEWEST_CHECKS = `SELECT DISTINCT ON (b.batch) b.batch, e.body
   FROM governance.backfill_batches b JOIN governance.backfill_evidence e
     ON e.backfill_id = b.backfill_id AND e.kind = 'batch' AND e.batch = b.batch AND e.digest = b.digest
  WHERE b.backfill_id = $1 ORDER BY b.batch, e.evidence_id DESC`;

/** One value of a dimension over all batches; `crowded`: in one of them the dimension has too many to be listed. */
export type DimensionTotal = ComparedValue & { readonly dimension: string; readonly crowded: boolean };

export function dimensionTotals(backfillId: string): Sql {
  return sql(
    `WITH lists AS (SELECT d.key AS dimension, d.value AS list FROM (${NEWEST_CHECKS}) newest, jsonb_each(newest.body -> 'dimensions') d),
     crowded AS (SELECT DISTINCT dimension FROM lists WHERE jsonb_typeof(list) = 'null'),
     found AS (SELECT l.dimension, v.value FROM lists l, jsonb_array_elements(CASE jsonb_typeof(l.list) WHEN 'array' THEN l.list ELSE '[]' END) v),
     counted AS (SELECT dimension, value ->> 'value' AS value, sum((value ->> 'rowsOld')::numeric) AS rows_old, sum((value ->> 'rowsNew')::numeric) AS rows_new FROM found GROUP BY 1, 2),
     measured AS (SELECT dimension, value, jsonb_object_agg(measure, jsonb_build_object('old', old::text, 'new', new::text)) AS measures
        FROM (SELECT f.dimension, f.value ->> 'value' AS value, m.key AS measure, sum((m.value ->> 'old')::numeric) AS old, sum((m.value ->> 'new')::numeric) AS new
                FROM found f, jsonb_each(f.value -> 'measures') m GROUP BY 1, 2, 3) t GROUP BY 1, 2)
SELECT c.dimension, c.value, c.rows_old::float8 AS "rowsOld", c.rows_new::float8 AS "rowsNew", coalesce(m.measures, '{}') AS measures, false AS crowded
  FROM counted c LEFT JOIN measured m ON m.dimension = c.dimension AND m.value IS NOT DISTINCT FROM c.value
UNION ALL SELECT dimension, NULL, 0, 0, '{}', true FROM crowded`,
    backfillId,
  );
}
