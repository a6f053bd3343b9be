import type { BackfillPlan } from '../domain/backfill-plan.ts';
import { formatName } from '../domain/names.ts';
import type { Sql } from '../warehouse/sql.ts';
import { qualified, sql } from '../warehouse/sql.ts';

export interface LedgerRun {
  readonly backfillId: string;
  readonly dataset: string;
  readonly requestedBy: string;
  readonly workflowId: string;
  readonly status: string;
  readonly specHash: string;
  readonly planHash: string;
  readonly endedAt: string | null;
}

/** What `readPlan` answers. */
export interface FrozenRun {
  readonly plan: BackfillPlan;
  readonly planHash: string;
  readonly specHash: string;
  readonly requestedBy: string;
}

const RUN_COLUMNS = `backfill_id AS "backfillId", dataset, requested_by AS "requestedBy", workflow_id AS "workflowId", status,
  spec_hash AS "specHash", plan_hash AS "planHash", ended_at AS "endedAt"`;

export function findRun(backfillId: string): Sql {
  return sql(`SELECT ${RUN_COLUMNS} FROM governance.backfill_runs WHERE backfill_id = $1`, backfillId);
}

export function findActiveRun(dataset: string): Sql {
  return sql(`SELECT ${RUN_COLUMNS} FROM governance.backfill_runs WHERE dataset = $1 AND ended_at IS NULL`, dataset);
}

export function listRuns(): Sql {
  return sql(
    `SELECT ${RUN_COLUMNS}, created_at AS "createdAt" FROM governance.backfill_runs ORDER BY created_at DESC LIMIT 200`,
  );
}

export function readPlan(backfillId: string): Sql {
  return sql(
    'SELECT plan, plan_hash AS "planHash", spec_hash AS "specHash", requested_by AS "requestedBy" FROM governance.backfill_runs WHERE backfill_id = $1',
    backfillId,
  );
}

export function insertRun(input: {
  readonly plan: BackfillPlan;
  readonly planHash: string;
  readonly specHash: string;
  readonly requestedBy: string;
  readonly workflowId: string;
}): Sql {
  const { plan } = input;
  return sql(
    `INSERT INTO governance.backfill_runs (backfill_id, dataset, requested_by, workflow_id, status, spec_hash, plan_hash, plan, key_ranges,
       shadow_table, snapshot_table, code_version, issue, approvers, sign_off_parties)
     VALUES ($1, $2, $3, $4, 'planning', $5, $6, $7::json, $8::jsonb, $9, $10, $11, $12, $13, $14)`,
    plan.backfillId,
    formatName(plan.table),
    input.requestedBy,
    input.workflowId,
    input.specHash,
    input.planHash,
    JSON.stringify(plan),
    JSON.stringify(plan.keyRanges),
    qualified(plan.shadow),
    qualified(plan.snapshot),
    plan.codeVersion,
    plan.spec.reason.issue,
    plan.contract.approvers,
    plan.contract.signOff,
  );
}

export function setRunStatus(backfillId: string, status: string, since: string, final: boolean): Sql {
  return sql(
    `UPDATE governance.backfill_runs SET status = $2, status_since = $3::timestamptz, ended_at = CASE WHEN $4 THEN coalesce(ended_at, $3::timestamptz) END
      WHERE backfill_id = $1 AND ended_at IS NULL`,
    backfillId,
    status,
    since,
    final,
  );
}
