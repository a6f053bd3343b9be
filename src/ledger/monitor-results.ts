import type { Finding, MonitorStatus, Reading } from '../domain/monitor.ts';
import type { MonitorMemory } from '../domain/monitor-schedule.ts';
import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** Looks kept beside the changes of verdict: some hours of a monitor that looks every few minutes. */
const KEPT = 50;

export type LastResult = MonitorMemory & Pick<MonitorStatus, 'figure' | 'limit' | 'excess'> & { readonly name: string };

export function insertBaseline(backfillId: string, digest: string, monitor: string, reading: Reading): Sql {
  return sql(
    `INSERT INTO governance.monitor_baselines (backfill_id, evidence_digest, monitor, reading) VALUES ($1, $2, $3, $4::jsonb) ON CONFLICT DO NOTHING`,
    backfillId,
    digest,
    monitor,
    JSON.stringify(reading),
  );
}

/** Rows `{ monitor, reading }`, as they were before this evidence was published. */
export function baselinesOf(backfillId: string, digest: string): Sql {
  return sql(
    'SELECT monitor, reading FROM governance.monitor_baselines WHERE backfill_id = $1 AND evidence_digest = $2',
    backfillId,
    digest,
  );
}

/** The newest result of every monitor of a release. */
export function lastResults(releaseId: string): Sql {
  return sql(
    `SELECT DISTINCT ON (monitor) monitor AS name, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, verdict, failed, figure, limit_text AS "limit", excess
       FROM governance.monitor_results WHERE release_id = $1 ORDER BY monitor, result_id DESC`,
    releaseId,
  );
}

export function insertResult(
  at: { readonly backfillId: string; readonly releaseId: string; readonly monitor: string },
  finding: Finding,
  memory: MonitorMemory,
  turned: boolean,
): Sql {
  return sql(
    `INSERT INTO governance.monitor_results (backfill_id, release_id, monitor, at, outcome, verdict, failed, figure, limit_text, excess, turned)
     VALUES ($1, $2, $3, $4::timestamptz, $5, $6, $7, $8, $9, $10, $11)`,
    at.backfillId,
    at.releaseId,
    at.monitor,
    memory.at,
    finding.outcome,
    memory.verdict,
    memory.failed,
    finding.figure.slice(0, 500),
    finding.limit,
    finding.excess,
    turned,
  );
}

export function forgetOldResults(releaseId: string, monitor: string): Sql {
  return sql(
    `DELETE FROM governance.monitor_results WHERE release_id = $1 AND monitor = $2 AND NOT turned
        AND result_id < (SELECT min(result_id) FROM (SELECT result_id FROM governance.monitor_results WHERE release_id = $1 AND monitor = $2 ORDER BY result_id DESC LIMIT ${KEPT}) kept)`,
    releaseId,
    monitor,
  );
}

/** Rollbacks that monitors asked for on this dataset within a day: a third would be a flutter, and is a person's. */
export function monitorRollbacks(dataset: string): Sql {
  return sql(
    `SELECT count(*)::int AS rollbacks FROM governance.data_releases WHERE dataset = $1 AND rolled_back_by LIKE '%(monitor:%' AND rolled_back_at > clock_timestamp() - interval '24 hours'`,
    dataset,
  );
}

/** Every change of verdict of a run's monitors, for the report; the newest last. */
export function monitorHistory(backfillId: string, limit: number): Sql {
  return sql(
    `SELECT * FROM (SELECT result_id AS "resultId", release_id AS "releaseId", monitor, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, verdict, figure, limit_text AS "limit"
       FROM governance.monitor_results WHERE backfill_id = $1 AND turned ORDER BY result_id DESC LIMIT $2) newest ORDER BY "resultId"`,
    backfillId,
    limit,
  );
}
