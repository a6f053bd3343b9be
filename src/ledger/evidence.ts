import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

export type EvidenceKind = 'proof' | 'batch' | 'run' | 'amendment' | 'waiver';

export function insertEvidence(
  backfillId: string,
  kind: EvidenceKind,
  batch: number | null,
  body: unknown,
  digest: string,
): Sql {
  return sql(
    `INSERT INTO governance.backfill_evidence (backfill_id, kind, batch, body, digest) VALUES ($1, $2, $3, $4::jsonb, $5) ON CONFLICT DO NOTHING`,
    backfillId,
    kind,
    batch,
    JSON.stringify(body),
    digest,
  );
}

export function newestRunEvidence(backfillId: string): Sql {
  return sql(
    `SELECT evidence_id::float8 AS "evidenceId", digest, body, created_at AS "createdAt" FROM governance.backfill_evidence
      WHERE backfill_id = $1 AND kind = 'run' ORDER BY evidence_id DESC LIMIT 1`,
    backfillId,
  );
}

export function evidenceOf(backfillId: string, kind: EvidenceKind): Sql {
  return sql(
    'SELECT batch, body, digest, created_at AS "createdAt" FROM governance.backfill_evidence WHERE backfill_id = $1 AND kind = $2 ORDER BY evidence_id LIMIT 1000',
    backfillId,
    kind,
  );
}

/**
 * The newest evidence that people were asked about: one with the same figures that nobody decided on is what an attempt
 * wrote whose reply was lost.
 */
export function evidenceAskedBefore(
  backfillId: string,
  now: { readonly batchDigest: string; readonly totals: Readonly<Record<string, string>> },
): Sql {
  return sql(
    `SELECT e.digest, e.body ->> 'asOf' AS "asOf", e.body -> 'totals' AS totals,
            (SELECT count(*)::int FROM governance.backfill_partitions p WHERE p.backfill_id = $1 AND p.built_at > e.created_at) AS "restatedPartitions"
       FROM governance.backfill_evidence e
      WHERE e.backfill_id = $1 AND e.kind = 'run'
        AND (e.body ->> 'batchDigest' IS DISTINCT FROM $2 OR e.body -> 'totals' IS DISTINCT FROM $3::jsonb
             OR EXISTS (SELECT FROM governance.backfill_approvals a WHERE a.backfill_id = $1 AND a.decision IN ('approve', 'reject') AND a.evidence_digest = e.digest))
      ORDER BY e.evidence_id DESC LIMIT 1`,
    backfillId,
    now.batchDigest,
    JSON.stringify(now.totals),
  );
}

/** Waivers in force: name of the check and the batch, null for the whole run. */
export function waivers(backfillId: string): Sql {
  return sql(
    `SELECT batch, body ->> 'check' AS "check", body ->> 'figure' AS figure FROM governance.backfill_evidence WHERE backfill_id = $1 AND kind = 'waiver'`,
    backfillId,
  );
}
