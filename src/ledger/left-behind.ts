import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** A dataset whose elevated functions are installed, and what its published view shows at this moment. */
export interface InstalledDataset {
  readonly dataset: string;
  /** Null where the view is gone. */
  readonly view: string | null;
  /** The view reads the release pointer, or lays a table other than the base over it. */
  readonly isOverlaid: boolean;
  /** The release in force, by the run that published it; null where the base table alone is shown. */
  readonly activeBackfill: string | null;
  readonly activeRelease: string | null;
}

export function installedDatasets(): Sql {
  return sql(
    `SELECT d.dataset, (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = d.published_view) AS view,
            EXISTS (SELECT FROM pg_rewrite r JOIN pg_depend p ON p.classid = 'pg_rewrite'::regclass AND p.objid = r.oid AND p.refclassid = 'pg_class'::regclass
                     WHERE r.ev_class = d.published_view AND p.refobjid NOT IN (d.base_table, d.published_view)) AS "isOverlaid",
            a.backfill_id AS "activeBackfill", a.release_id AS "activeRelease"
       FROM governance.datasets d LEFT JOIN governance.active_releases a USING (dataset) ORDER BY d.dataset`,
  );
}

/** Tables and triggers that the ledger records as made and not as dropped, of runs that have ended or still go on. */
export interface LeftArtifact {
  readonly backfillId: string;
  readonly dataset: string;
  readonly kind: string;
  readonly name: string;
  readonly status: string;
  readonly ended: boolean;
}

export function undroppedArtifacts(): Sql {
  return sql(
    `SELECT a.backfill_id AS "backfillId", r.dataset, a.kind, a.name, r.status, r.ended_at IS NOT NULL AS ended
       FROM governance.backfill_artifacts a JOIN governance.backfill_runs r USING (backfill_id) WHERE a.dropped_at IS NULL ORDER BY r.created_at, a.artifact_id`,
  );
}

/** Runs that the ledger holds as not ended, oldest first. */
export function openRuns(): Sql {
  return sql(
    `SELECT r.backfill_id AS "backfillId", r.dataset, r.status
       FROM governance.backfill_runs r WHERE r.ended_at IS NULL ORDER BY r.created_at`,
  );
}

export interface OpenRun {
  readonly backfillId: string;
  readonly dataset: string;
  readonly status: string;
}

/** A run that goes on although its capture is not whole: live writes to the interval leave no marks. */
export interface UncapturedRun {
  readonly backfillId: string;
  readonly dataset: string;
  readonly isPublished: boolean;
}

export function uncapturedRuns(): Sql {
  return sql(
    `SELECT r.backfill_id AS "backfillId", r.dataset, EXISTS (SELECT FROM governance.active_releases p WHERE p.backfill_id = r.backfill_id) AS "isPublished"
       FROM governance.backfill_runs r JOIN governance.datasets d USING (dataset)
       JOIN governance.backfill_artifacts a ON a.backfill_id = r.backfill_id AND a.kind = 'capture' AND a.dropped_at IS NULL
      WHERE r.ended_at IS NULL AND NOT governance.capture_is_whole(r.backfill_id, d.base_table) ORDER BY 1`,
  );
}
