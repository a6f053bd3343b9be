import type { Identification } from '../domain/people.ts';
import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** Records what a person decided; the table's constraints refuse who may not. Said twice, it stands once. */
export function insertDecision(input: {
  readonly backfillId: string;
  readonly decision: 'approve' | 'reject' | 'waive' | 'sign_off';
  readonly by: string;
  readonly digest: string;
  readonly subject: string;
  readonly comment: string;
  readonly identified?: Identification;
  readonly signature?: string;
}): Sql {
  return sql(
    `INSERT INTO governance.backfill_approvals (backfill_id, decision, decided_by, requested_by, evidence_digest, subject, comment, identified, signature)
     SELECT backfill_id, $2, $3, requested_by, $4, $5, $6, $7, $8 FROM governance.backfill_runs WHERE backfill_id = $1
     ON CONFLICT ON CONSTRAINT same_decision_once DO NOTHING`,
    input.backfillId,
    input.decision,
    input.by,
    input.digest,
    input.subject,
    input.comment,
    input.identified ?? 'claimed',
    input.signature ?? null,
  );
}

/** Valid approvals of the newest evidence, in their order. */
export function approvalsInForce(backfillId: string): Sql {
  return sql(
    `SELECT decided_by AS "by", identified, evidence_digest AS digest, signature FROM governance.backfill_approvals
      WHERE backfill_id = $1 AND decision = 'approve' AND void_since IS NULL
        AND evidence_digest = (SELECT digest FROM governance.backfill_evidence WHERE backfill_id = $1 AND kind = 'run' ORDER BY evidence_id DESC LIMIT 1)
      ORDER BY approval_id`,
    backfillId,
  );
}

/** Of one release: after a rollback and a new publication every party signs again. */
export function signOffsOf(backfillId: string, releaseId: string): Sql {
  return sql(
    `SELECT decided_by AS party, decided_at AS at FROM governance.backfill_approvals
      WHERE backfill_id = $1 AND decision = 'sign_off' AND subject = $2 AND void_since IS NULL ORDER BY approval_id`,
    backfillId,
    releaseId,
  );
}

export function voidApprovals(backfillId: string, because: string): Sql {
  return sql(
    `UPDATE governance.backfill_approvals SET void_since = clock_timestamp(), void_because = $2 WHERE backfill_id = $1 AND decision = 'approve' AND void_since IS NULL`,
    backfillId,
    because,
  );
}

export function listDecisions(backfillId: string): Sql {
  return sql(
    `SELECT decision, decided_by AS "by", identified, evidence_digest AS digest, subject, comment, decided_at AS at, void_because AS "voidBecause"
       FROM governance.backfill_approvals WHERE backfill_id = $1 ORDER BY approval_id`,
    backfillId,
  );
}
