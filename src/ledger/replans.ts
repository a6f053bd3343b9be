import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** The plan with added columns in the place of the one that was reviewed; refused by the ledger where it is more than that. */
export function replacePlan(input: {
  readonly plan: BackfillPlan;
  readonly planHash: string;
  readonly replaces: string;
  readonly by: string;
}): Sql {
  return sql(
    'SELECT governance.replan($1, $2, $3, $4::json, $5) AS replaced',
    input.plan.backfillId,
    input.replaces,
    input.planHash,
    JSON.stringify(input.plan),
    input.by,
  );
}

/** Whether the plan in force has another logic than the one that it replaced last. No row: it replaced none. */
export function logicReplaced(backfillId: string): Sql {
  return sql(
    `SELECT (s.plan -> 'eras')::jsonb <> (r.plan -> 'eras')::jsonb AS rebuild FROM governance.backfill_runs r
       JOIN governance.superseded_plans s ON s.backfill_id = r.backfill_id AND s.replaced_with = r.plan_hash WHERE r.backfill_id = $1`,
    backfillId,
  );
}
