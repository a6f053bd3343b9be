import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

export interface DueDelivery {
  readonly announcementId: number;
  readonly target: string;
  readonly attempts: number;
  readonly kind: string;
  readonly dedupe: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
}

/** A row for every target of every announcement of a run that has none yet. */
export function addDeliveries(backfillId: string, targets: readonly { target: string; kinds: string[] }[]): Sql {
  return sql(
    `INSERT INTO governance.announcement_deliveries (announcement_id, target)
     SELECT a.announcement_id, t.target FROM governance.announcements a, jsonb_to_recordset($2::jsonb) AS t(target text, kinds jsonb)
      WHERE a.backfill_id = $1 AND t.kinds ? CASE WHEN a.body ? 'escalated' THEN 'escalated' ELSE a.kind END
         OR a.backfill_id = $1 AND t.kinds ? a.kind
     ON CONFLICT DO NOTHING`,
    backfillId,
    JSON.stringify(targets),
  );
}

/** The next one that is due, held until the end of the transaction; what somebody else delivers at this moment is passed over. */
export function takeDelivery(backfillId: string): Sql {
  return sql(
    `SELECT d.announcement_id::float8 AS "announcementId", d.target, d.attempts, a.kind, a.dedupe, a.body, a.created_at AS "createdAt"
       FROM governance.announcement_deliveries d JOIN governance.announcements a USING (announcement_id)
      WHERE a.backfill_id = $1 AND d.state = 'pending' AND d.next_attempt_at <= clock_timestamp()
      ORDER BY d.announcement_id, d.target LIMIT 1 FOR UPDATE OF d SKIP LOCKED`,
    backfillId,
  );
}

export function markDelivered({ announcementId, target }: DueDelivery): Sql {
  return sql(
    `WITH done AS (UPDATE governance.announcement_deliveries SET state = 'delivered', attempts = attempts + 1, last_error = NULL, delivered_at = clock_timestamp()
                    WHERE announcement_id = $1 AND target = $2 RETURNING announcement_id)
     UPDATE governance.announcements a SET delivered_at = clock_timestamp() FROM done
      WHERE a.announcement_id = done.announcement_id
        AND NOT EXISTS (SELECT FROM governance.announcement_deliveries o WHERE o.announcement_id = done.announcement_id AND o.target <> $2 AND o.state <> 'delivered')`,
    announcementId,
    target,
  );
}

export function markUndelivered({ announcementId, target }: DueDelivery, error: string, pauseMs: number | null): Sql {
  return sql(
    `UPDATE governance.announcement_deliveries SET attempts = attempts + 1, last_error = $3, state = CASE WHEN $4::float8 IS NULL THEN 'failed' ELSE 'pending' END,
            next_attempt_at = clock_timestamp() + coalesce($4::float8, 0) * interval '1 millisecond' WHERE announcement_id = $1 AND target = $2`,
    announcementId,
    target,
    error.slice(0, 500),
    pauseMs,
  );
}

/** What could not be delivered so far, in words that hold no address. */
export function undelivered(backfillId: string): Sql {
  return sql(
    `SELECT format('%s to %s: %s%s', a.kind, d.target, d.last_error, CASE d.state WHEN 'failed' THEN '; given up' ELSE '; it is tried again' END) AS text
       FROM governance.announcement_deliveries d JOIN governance.announcements a USING (announcement_id)
      WHERE a.backfill_id = $1 AND d.state <> 'delivered' AND d.last_error IS NOT NULL ORDER BY d.announcement_id, d.target LIMIT 20`,
    backfillId,
  );
}

/** Of the run: status, since when, and the end of its rollback window where one is open. */
export function waitFacts(backfillId: string): Sql {
  const iso = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  return sql(
    `SELECT status, ${iso('status_since')} AS since, ${iso('clock_timestamp()')} AS now, ended_at IS NOT NULL AS ended,
            (SELECT ${iso('rollback_deadline')} FROM governance.data_releases r WHERE r.backfill_id = $1 AND r.state = 'published') AS "rollbackDeadline"
       FROM governance.backfill_runs WHERE backfill_id = $1`,
    backfillId,
  );
}

/** Of a release as it was announced, or of the newest evidence: what an announcement tells beside its own body. */
export function announcementFacts(backfillId: string, release: string | null, digest: string | null): Sql {
  return sql(
    `SELECT (SELECT string_agg(a.decided_by, ', ' ORDER BY a.approval_id) FROM governance.backfill_approvals a WHERE a.backfill_id = r.backfill_id AND a.decision = 'approve' AND a.evidence_digest = r.evidence_digest) AS "approvedBy", to_char(r.rollback_deadline AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') AS deadline, e.digest,
            coalesce(e.body -> 'figures' -> 'measures', '{}') AS measures
       FROM (SELECT 1) one
       LEFT JOIN governance.data_releases r ON r.release_id = $2
       LEFT JOIN LATERAL (SELECT digest, body FROM governance.backfill_evidence WHERE backfill_id = $1 AND kind = 'run' AND digest = coalesce(r.evidence_digest, $3, digest) ORDER BY evidence_id DESC LIMIT 1) e ON true`,
    backfillId,
    release,
    digest,
  );
}
