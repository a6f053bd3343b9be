import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { Sql } from '../warehouse/sql.ts';
import { qualified, sql } from '../warehouse/sql.ts';

/** The overlay's flags and policies as they are now, to be compared with before readers come. */
export function recordRowSecurity(plan: BackfillPlan): Sql {
  return sql(
    `INSERT INTO governance.overlay_row_security (backfill_id, row_security) VALUES ($1, governance.row_security($2::regclass))
     ON CONFLICT (backfill_id) DO UPDATE SET row_security = EXCLUDED.row_security`,
    plan.backfillId,
    qualified(plan.shadow),
  );
}
