import type { Approval, BackfillState, Refusal, Release } from '../domain/backfill-state.ts';
import type { Approvers } from '../domain/required-approvals.ts';
import type { Waiver } from '../domain/waiver.ts';
import type { Check } from '../domain/verdict.ts';
import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** What the ledger alone says of a run: all of its status that does not live in the workflow's memory. */
export interface RunStatus {
  readonly dataset: string;
  readonly status: string;
  readonly since: string;
  readonly requestedBy: string;
  readonly workflowId: string;
  readonly planHash: string;
  readonly specHash: string;
  readonly partitions: { readonly total: number; readonly done: number; readonly rebuilt: number };
  readonly batches: { readonly total: number; readonly done: number; readonly failed: number };
  readonly bytesScanned: number;
  readonly evidence: { readonly digest: string; readonly checks: readonly Check[] } | null;
  /** On the newest evidence, in their order. */
  readonly approvals: readonly Approval[];
  readonly approvers: Approvers;
  readonly waivers: readonly Waiver[];
  readonly release: (Release & { readonly deadline: string }) | null;
  readonly signOffs: BackfillState['signOffs'];
  readonly refusals: readonly Refusal[];
}

const iso = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const DECISION = `jsonb_strip_nulls(jsonb_build_object('by', decided_by, 'identified', identified, 'digest', evidence_digest, 'comment', comment, 'at', ${iso('decided_at')}, 'signature', signature))`;

/** One row, or none where the ledger has no such run. */
export function runStatus(backfillId: string): Sql {
  const ofRun = 'WHERE backfill_id = r.backfill_id';
  return sql(
    `SELECT r.dataset, r.status, ${iso('r.status_since')} AS since, r.requested_by AS "requestedBy", r.workflow_id AS "workflowId", r.plan_hash AS "planHash", r.spec_hash AS "specHash",
       (SELECT jsonb_build_object('total', count(*), 'done', count(*) FILTER (WHERE state = 'built'), 'rebuilt', coalesce(sum(builds - 1) FILTER (WHERE builds > 1), 0)) FROM governance.backfill_partitions ${ofRun}) AS partitions,
       (SELECT jsonb_build_object('total', count(*), 'done', count(*) FILTER (WHERE state IN ('passed', 'waived')), 'failed', count(*) FILTER (WHERE state = 'failed')) FROM governance.backfill_batches ${ofRun}) AS batches,
       (SELECT coalesce(sum(bytes), 0)::float8 FROM governance.backfill_spending ${ofRun}) AS "bytesScanned",
       (SELECT jsonb_build_object('digest', digest, 'checks', coalesce(body -> 'checks', '[]')) FROM governance.backfill_evidence ${ofRun} AND kind = 'run' ORDER BY evidence_id DESC LIMIT 1) AS evidence,
       (SELECT coalesce(jsonb_agg(${DECISION} ORDER BY approval_id), '[]') FROM governance.backfill_approvals ${ofRun} AND decision = 'approve' AND void_since IS NULL AND evidence_digest = (SELECT digest FROM governance.backfill_evidence ${ofRun} AND kind = 'run' ORDER BY evidence_id DESC LIMIT 1)) AS approvals,
       jsonb_build_object('approvers', r.approvers, 'reopened', coalesce(r.plan -> 'reopened', '[]')) AS approvers,
       (SELECT coalesce(jsonb_agg(body ORDER BY evidence_id), '[]') FROM governance.backfill_evidence ${ofRun} AND kind = 'waiver') AS waivers,
       (SELECT jsonb_build_object('releaseId', release_id, 'publishedAt', ${iso('published_at')}, 'state', state, 'deadline', ${iso('rollback_deadline')}) FROM governance.data_releases ${ofRun} ORDER BY epoch DESC LIMIT 1) AS release,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('party', decided_by, 'at', ${iso('decided_at')}) ORDER BY approval_id), '[]') FROM governance.backfill_approvals ${ofRun} AND decision = 'sign_off' AND void_since IS NULL AND subject = (SELECT release_id FROM governance.data_releases ${ofRun} ORDER BY epoch DESC LIMIT 1)) AS "signOffs",
       (SELECT coalesce(jsonb_agg(jsonb_build_object('message', detail ->> 'message', 'reason', detail ->> 'reason', 'at', detail ->> 'at') ORDER BY event_id), '[]')
          FROM (SELECT * FROM governance.backfill_events ${ofRun} AND kind = 'message refused' ORDER BY event_id DESC LIMIT 10) last) AS refusals
     FROM governance.backfill_runs r WHERE r.backfill_id = $1`,
    backfillId,
  );
}
