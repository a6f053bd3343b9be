import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** One partition restated by live writes since the newest evidence: as that saw it, as it is now; `moved` by measure, signed. */
export interface Amendment {
  readonly partition: string;
  readonly rebuilds: number;
  readonly before: Readonly<Record<string, string>>;
  readonly after: Readonly<Record<string, string>>;
  readonly moved: Readonly<Record<string, string>>;
}

export function listAmendments(backfillId: string, limit: number): Sql {
  return sql(
    `SELECT partition, rebuilds, before, after, moved FROM governance.amendments_since_evidence($1) ORDER BY partition COLLATE "C" LIMIT $2`,
    backfillId,
    limit,
  );
}

/** How many partitions, and by measure how far they moved, without signs, added up. */
export function amendmentsSinceEvidence(backfillId: string): Sql {
  return sql(
    `WITH amended AS MATERIALIZED (SELECT moved FROM governance.amendments_since_evidence($1))
     SELECT (SELECT count(*)::int FROM amended) AS partitions,
            coalesce((SELECT jsonb_object_agg(measure, amount::text) FROM (SELECT m.key AS measure, sum(abs(m.value::numeric)) AS amount
               FROM amended, jsonb_each_text(moved) m GROUP BY 1) by_measure), '{}') AS moved`,
    backfillId,
  );
}
