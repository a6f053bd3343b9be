import type { BackfillPlan } from '../domain/backfill-plan.ts';
import { fingerprintOfPartition } from '../warehouse/postgres/statements/fingerprint.ts';
import type { Session } from '../warehouse/session.ts';
import { withTransaction } from '../warehouse/session.ts';
import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

function unrestoredPartitions(plan: BackfillPlan): Sql {
  return sql(
    `SELECT count(*)::int AS partitions FROM governance.backfill_partitions p CROSS JOIN LATERAL (
       ${fingerprintOfPartition(plan, 'p', plan.table, plan.comparedColumns)}) now
      WHERE p.backfill_id = $1 AND p.moved_at IS NOT NULL AND p.snapshot_fingerprint IS DISTINCT FROM now.fingerprint
        AND NOT EXISTS (SELECT FROM governance.data_releases WHERE backfill_id = $1 AND state = 'consolidated')`,
    plan.backfillId,
  );
}

/**
 * Partitions whose rows were moved into the base, and whose base is not what the snapshot recorded, of a release that was
 * rolled back all the same: by hand, round the statement that refuses it. What the live pipeline wrote there since counts
 * too; nothing tells it from a row that nobody restored.
 */
export function countUnrestored(session: Session, plan: BackfillPlan): Promise<number> {
  return withTransaction(session, async () => {
    // It reads as much of the base as was moved: what a build may take, and not the time of the ledger's short statements.
    await session.change(sql(`SET LOCAL statement_timeout = ${Math.ceil(plan.spec.execution.queryTimeoutMs)}`));
    return (await session.one<{ partitions: number }>(unrestoredPartitions(plan))).partitions;
  });
}

/** Runs of a dataset that have ended and left a snapshot although rows of theirs were moved into the base. */
export function endedWithMovedRows(dataset: string): Sql {
  return sql(
    `SELECT r.backfill_id AS "backfillId", r.plan FROM governance.backfill_runs r JOIN governance.backfill_artifacts a ON a.backfill_id = r.backfill_id AND a.kind = 'snapshot' AND a.dropped_at IS NULL
      WHERE r.dataset = $1 AND r.ended_at IS NOT NULL AND EXISTS (SELECT FROM pg_class c WHERE c.oid = a.oid) AND EXISTS (SELECT FROM governance.backfill_partitions p WHERE p.backfill_id = r.backfill_id AND p.moved_at IS NOT NULL)
        AND NOT EXISTS (SELECT FROM governance.data_releases d WHERE d.backfill_id = r.backfill_id AND d.state = 'consolidated') ORDER BY r.created_at`,
    dataset,
  );
}
