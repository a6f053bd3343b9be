import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

export interface StoredEvidence {
  readonly evidenceId: number;
  readonly kind: string;
  readonly batch: number | null;
  readonly body: unknown;
  readonly digest: string;
}

const COLUMNS = 'evidence_id::float8 AS "evidenceId", kind, batch, body, digest';

/** What each batch was last found to hold before the evidence of a run was concluded, in batch order. */
export function batchEvidenceBefore(backfillId: string, runEvidenceId: number, after: number, limit: number): Sql {
  return sql(
    `SELECT ${COLUMNS} FROM (SELECT DISTINCT ON (batch) * FROM governance.backfill_evidence
      WHERE backfill_id = $1 AND kind = 'batch' AND evidence_id < $2 AND batch > $3 ORDER BY batch, evidence_id DESC LIMIT $4) newest ORDER BY batch`,
    backfillId,
    runEvidenceId,
    after,
    limit,
  );
}

/** Everything but batches, in the order in which it was recorded. */
export function otherEvidence(backfillId: string, after: number, limit: number): Sql {
  return sql(
    `SELECT ${COLUMNS} FROM governance.backfill_evidence WHERE backfill_id = $1 AND kind <> 'batch' AND evidence_id > $2 ORDER BY evidence_id LIMIT $3`,
    backfillId,
    after,
    limit,
  );
}
