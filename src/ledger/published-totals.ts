import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** Versions that a value may be as of; a consumer that is further behind has not refreshed for days. */
const VERSIONS = 1_000;

/** Of one measure of the release that readers see, oldest first: rows of `PublishedVersion`. Read it in the snapshot of what it is compared with. */
export function publishedVersions(backfillId: string, measure: string): Sql {
  const iso = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  return sql(
    `SELECT version, totals ->> $2 AS total, ${iso('recorded_at')} AS "recordedAt", ${iso('next_at')} AS "supersededAt"
       FROM (SELECT t.*, lead(t.recorded_at) OVER (ORDER BY t.version) AS next_at FROM governance.published_totals t
               JOIN governance.data_releases r USING (release_id) WHERE t.backfill_id = $1 AND r.state = 'published'
              ORDER BY t.version DESC LIMIT ${VERSIONS}) newest ORDER BY version`,
    backfillId,
    measure,
  );
}

/**
 * A new version after live writes: what the amendments since the last one moved is added, in the transaction that makes them
 * visible. `counted`: totals of measures that do not add up, counted anew. Nothing where nothing is published or was amended.
 */
export function recordPublishedTotals(
  plan: Pick<BackfillPlan, 'backfillId' | 'additiveMeasures'>,
  counted: Readonly<Record<string, string>>,
): Sql {
  return sql(
    `INSERT INTO governance.published_totals (release_id, backfill_id, version, totals, because, through_evidence)
     SELECT p.release_id, p.backfill_id, p.version + 1,
            (SELECT coalesce(jsonb_object_agg(t.key, CASE WHEN $2::jsonb ? t.key THEN to_jsonb((t.value::numeric + coalesce((
                SELECT sum((e.body -> 'after' ->> t.key)::numeric - (e.body -> 'before' ->> t.key)::numeric) FROM governance.backfill_evidence e
                 WHERE e.backfill_id = p.backfill_id AND e.kind = 'amendment' AND e.evidence_id > p.through_evidence), 0))::text) END), '{}') FROM jsonb_each_text(p.totals) t) || $3::jsonb,
            'live writes', coalesce(newest.evidence_id, p.through_evidence)
       FROM (SELECT t.* FROM governance.published_totals t JOIN governance.data_releases r USING (release_id)
              WHERE t.backfill_id = $1 AND r.state = 'published' ORDER BY t.version DESC LIMIT 1) p,
            (SELECT max(evidence_id) AS evidence_id FROM governance.backfill_evidence WHERE backfill_id = $1 AND kind = 'amendment') newest
      WHERE newest.evidence_id > p.through_evidence OR ($3::jsonb <> '{}' AND NOT p.totals @> $3::jsonb)`,
    plan.backfillId,
    JSON.stringify(plan.additiveMeasures),
    JSON.stringify(counted),
  );
}
