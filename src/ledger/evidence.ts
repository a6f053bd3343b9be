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

/** Waivers in force: name of the check and the batch, null for the whole run. */
export function waivers(backfillId: string): Sql {
  return sql(
    `SELECT batch, body ->> 'check' AS "check", body ->> 'figure' AS figure FROM governance.backfill_evidence WHERE backfill_id = $1 AND kind = 'waiver'`,
    backfillId,
  );
}
