import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { Sql } from '../warehouse/sql.ts';
import { ident, literal, qualified, sql } from '../warehouse/sql.ts';
import { rollbackStatement } from './releases.ts';

/** Whether the published view reads the release pointer, so that one statement rolls it back. False when the view is gone. */
export function viewFollowsPointer(plan: Pick<BackfillPlan, 'view'>): Sql {
  return sql(
    `SELECT coalesce(strpos(pg_get_viewdef(to_regclass($1)), 'governance.active_releases') > 0, false) AS follows`,
    qualified(plan.view),
  );
}

/** What undoes a release in the shape its view has now: a view that does not follow the pointer is armed first. */
export function rollbackInForce(plan: BackfillPlan, releaseId: string, follows: boolean): string {
  const statement = rollbackStatement(plan, releaseId);
  if (follows) return statement;
  return `SELECT governance.${ident(`${plan.functionPrefix}_shape_view`)}(${literal(plan.backfillId)}, 'armed');\n${statement}`;
}
