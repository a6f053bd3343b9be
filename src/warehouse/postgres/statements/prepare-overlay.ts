import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { Sql } from '../../sql.ts';
import { columns, inFormat, literal, qualified, sql } from '../../sql.ts';

/**
 * Before readers come: frozen rows, a visibility map and statistics, none of which belong into the switch. Empty pages at the
 * end stay: for cutting them off VACUUM tries for 5 s to lock out everybody, and readers of an armed view are there already.
 */
export function vacuumOverlay(plan: BackfillPlan): Sql {
  return sql(`VACUUM (FREEZE, ANALYZE, TRUNCATE FALSE) ${qualified(plan.shadow)}`);
}

/**
 * PostgreSQL checks a view's branches, also those that never run, as the view's owner, or as its reader where it is
 * security_invoker: then each reader gets the columns that the view shows, and the pointer's from the ledger. The base's owner
 * consolidates from both.
 */
export function grantOverlay(plan: BackfillPlan): Sql {
  const shadow = inFormat(qualified(plan.shadow));
  const toReaders = `FOR reader IN SELECT * FROM governance.follow_readers(${literal(plan.backfillId)}) LOOP
    EXECUTE format(CASE WHEN reader.may_read THEN 'GRANT SELECT (${inFormat(columns(plan.viewColumns))}) ON ${shadow} TO %s' ELSE 'REVOKE ALL ON ${shadow} FROM %s' END, reader.role);
  END LOOP;`;
  const toOwner = `EXECUTE format('GRANT SELECT ON ${shadow} TO %I', (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = ${literal(qualified(plan.view))}::regclass));`;
  return sql(
    `DO $do$ DECLARE reader record; BEGIN
  ${plan.securityInvoker ? toReaders : toOwner}
  EXECUTE format('GRANT SELECT ON ${shadow}, ${inFormat(qualified(plan.snapshot))} TO %I', (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = ${literal(qualified(plan.table))}::regclass));
END $do$`,
  );
}
