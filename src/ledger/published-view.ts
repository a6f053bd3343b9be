import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { Sql } from '../warehouse/sql.ts';
import { ident, literal, qualified, sql } from '../warehouse/sql.ts';
import { followsPointer, rollbackStatement } from './releases.ts';

/** Whether the published view reads the release pointer, so that one statement rolls it back. False when the view is gone. */
export function viewFollowsPointer(plan: Pick<BackfillPlan, 'view'>): Sql {
  return sql(`SELECT ${followsPointer('$1')} AS follows`, qualified(plan.view));
}

/** What undoes a release in the shape its view has now: a view that does not follow the pointer is armed first. */
export function rollbackInForce(plan: BackfillPlan, releaseId: string, follows: boolean): string {
  const statement = rollbackStatement(plan, releaseId);
  if (follows) return statement;
  return `SELECT governance.${ident(`${plan.functionPrefix}_shape_view`)}(${literal(plan.backfillId)}, 'armed');\n${statement}`;
}

/** Whether the published view reads the pointer or the shadow: then its shape is of our making. */
export function viewIsShaped(plan: Pick<BackfillPlan, 'view' | 'shadow'>): Sql {
  return sql(
    `SELECT EXISTS (SELECT FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
       WHERE r.ev_class = to_regclass($1) AND d.refobjid IN (to_regclass('governance.active_releases'), to_regclass($2))) AS shaped`,
    qualified(plan.view),
    qualified(plan.shadow),
  );
}
