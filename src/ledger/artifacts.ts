import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

export type ArtifactKind = 'shadow' | 'snapshot' | 'capture';

export interface Artifact {
  readonly kind: ArtifactKind;
  readonly name: string;
  readonly oid: number | null;
  /** The relation that has this OID now, schema-qualified and quoted; null when there is none. */
  readonly present: string | null;
}

/** Before anything is created: what a crash leaves behind is known. */
export function recordArtifact(backfillId: string, kind: ArtifactKind, name: string): Sql {
  return sql(
    'INSERT INTO governance.backfill_artifacts (backfill_id, kind, name) VALUES ($1, $2, $3) ON CONFLICT (backfill_id, kind) DO NOTHING',
    backfillId,
    kind,
    name,
  );
}

/** After it is created: clean-up drops by OID, so a namesake is never touched. */
export function confirmArtifact(backfillId: string, kind: ArtifactKind, name: string): Sql {
  return sql(
    'UPDATE governance.backfill_artifacts SET oid = $3::regclass::oid, dropped_at = NULL WHERE backfill_id = $1 AND kind = $2',
    backfillId,
    kind,
    name,
  );
}

export function artifactsOf(backfillId: string): Sql {
  return sql(
    `SELECT kind, name, oid::bigint::float8 AS oid, (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = a.oid) AS present
       FROM governance.backfill_artifacts a WHERE backfill_id = $1 AND dropped_at IS NULL ORDER BY artifact_id`,
    backfillId,
  );
}

export function markDropped(backfillId: string, kind: ArtifactKind): Sql {
  return sql(
    'UPDATE governance.backfill_artifacts SET dropped_at = clock_timestamp() WHERE backfill_id = $1 AND kind = $2 AND dropped_at IS NULL',
    backfillId,
    kind,
  );
}
