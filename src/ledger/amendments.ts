import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** One partition restated by live writes since the newest evidence; `moved` by measure, signed, all its rebuilds together. */
export interface Amendment {
  readonly partition: string;
  readonly rebuilds: number;
  readonly moved: Readonly<Record<string, string>>;
}

export function listAmendments(backfillId: string, limit: number): Sql {
  return sql(
    `SELECT partition, max(rebuilds)::int AS rebuilds, jsonb_object_agg(measure, moved::text) AS moved
       FROM (SELECT a.body ->> 'partition' AS partition, m.key AS measure, sum(m.value::numeric) AS moved, count(*) AS rebuilds
               FROM governance.backfill_evidence a, jsonb_each_text(a.body -> 'moved') m
              WHERE a.backfill_id = $1 AND a.kind = 'amendment'
                AND a.evidence_id > (SELECT coalesce(max(evidence_id), 0) FROM governance.backfill_evidence WHERE backfill_id = $1 AND kind = 'run')
              GROUP BY 1, 2) by_measure
      GROUP BY partition ORDER BY partition COLLATE "C" LIMIT $2`,
    backfillId,
    limit,
  );
}
