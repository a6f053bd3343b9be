import type { BackfillPlan } from '../domain/backfill-plan.ts';
import { formatName } from '../domain/names.ts';
import type { Sql } from '../warehouse/sql.ts';
import { literal, qualified, sql } from '../warehouse/sql.ts';

export interface ActiveRelease {
  readonly backfillId: string | null;
  readonly releaseId: string | null;
}

export function activeRelease(dataset: string): Sql {
  return sql(
    'SELECT backfill_id AS "backfillId", release_id AS "releaseId", consolidating FROM governance.active_releases WHERE dataset = $1',
    dataset,
  );
}

export function latestRelease(backfillId: string): Sql {
  return sql(
    `SELECT release_id AS "releaseId", state, published_at AS "publishedAt", rollback_deadline AS deadline, rolled_back_at AS "rolledBackAt", rolled_back_by AS "rolledBackBy",
            consolidated_at AS "consolidatedAt", evidence_digest AS digest
       FROM governance.data_releases WHERE backfill_id = $1 ORDER BY epoch DESC LIMIT 1`,
    backfillId,
  );
}

export function listReleases(backfillId: string): Sql {
  return sql(
    `SELECT release_id AS "releaseId", state, published_at AS "publishedAt", approved_by AS "approvedBy", rolled_back_at AS "rolledBackAt", amendments,
            amendment_list AS "amendmentList", amendment_digest AS "amendmentDigest", fence_ms::float8 AS "fenceMs"
       FROM governance.data_releases WHERE backfill_id = $1 ORDER BY epoch`,
    backfillId,
  );
}

export function publishRelease(input: {
  readonly plan: BackfillPlan;
  readonly fence: number;
  readonly expected: string | null;
  readonly windowMs: number;
  readonly armedView: string;
}): Sql {
  return sql(
    `SELECT governance.publish_release($1, $2, $3, $4 * interval '1 millisecond', $5, $6) AS release`,
    input.plan.backfillId,
    input.fence,
    input.expected,
    input.windowMs,
    input.armedView,
    input.plan.baseFingerprint,
  );
}

/**
 * Whether a view reads the pointer, by what its rule depends on: the text of its definition can be had only with locks on
 * view, base and overlay, behind whoever waits for one of them. False when there is no such view.
 */
export function followsPointer(view: string): string {
  return `EXISTS (SELECT FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
                  WHERE r.ev_class = to_regclass(${view}) AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = 'governance.active_releases'::regclass)`;
}

/**
 * The whole rollback as one plain statement, to be pasted into any client: pointer, release and event move together or
 * not at all. No PL/pgSQL, no lock that a reader or writer waits for. `INSERT 0 1` = rolled back, `INSERT 0 0` = the
 * release was not active, its rows are moving into the base already, or the view is not armed.
 */
export function rollbackStatement(plan: BackfillPlan, releaseId: string, by = 'by hand', reason = ''): string {
  const release = literal(releaseId);
  return `WITH moved AS (
  UPDATE governance.active_releases SET backfill_id = NULL, release_id = NULL, epoch = epoch + 1, moved_at = clock_timestamp()
   WHERE dataset = ${literal(formatName(plan.table))} AND release_id = ${release} AND NOT consolidating
     AND ${followsPointer(literal(qualified(plan.view)))}
  RETURNING epoch
), released AS (
  UPDATE governance.data_releases SET state = 'rolled_back', rolled_back_at = clock_timestamp(), rolled_back_by = session_user || ' (' || ${literal(by)} || ')'
    FROM moved WHERE release_id = ${release} RETURNING release_id
)
INSERT INTO governance.backfill_events (backfill_id, kind, actor, detail)
SELECT ${literal(plan.backfillId)}, 'rolled back', session_user, jsonb_build_object('release', release_id, 'by', ${literal(by)}, 'reason', ${literal(reason)}) FROM released;`;
}
