import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { Sql } from '../../sql.ts';
import { inFormat, literal, qualified, sql } from '../../sql.ts';

/**
 * Before readers come: frozen rows, a visibility map and statistics, none of which belong into the switch. Empty pages at the
 * end stay: for cutting them off VACUUM tries for 5 s to lock out everybody, and readers of an armed view are there already.
 */
export function vacuumOverlay(plan: BackfillPlan): Sql {
  return sql(`VACUUM (FREEZE, ANALYZE, TRUNCATE FALSE) ${qualified(plan.shadow)}`);
}

/** PostgreSQL checks a view's branches as the view's owner, also those that never run; the base's owner consolidates from both. */
export function grantOverlay(plan: BackfillPlan): Sql {
  return sql(
    `DO $do$ BEGIN
  EXECUTE format('GRANT SELECT ON ${inFormat(qualified(plan.shadow))} TO %I', (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = ${literal(qualified(plan.view))}::regclass));
  EXECUTE format('GRANT SELECT ON ${inFormat(qualified(plan.shadow))}, ${inFormat(qualified(plan.snapshot))} TO %I', (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = ${literal(qualified(plan.table))}::regclass));
END $do$`,
  );
}
