import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { KeyRange } from '../../../domain/backfill-spec.ts';
import type { Sql } from '../../sql.ts';
import { qualified, sql } from '../../sql.ts';
import { measured } from './measured.ts';
import { rowsBesideCheckpoints } from './shadow-rows.ts';
import { inSlice } from './slice.ts';

/** Every measure of the contract over one slice of the shadow, as exact text. */
export function sliceMeasures(plan: BackfillPlan, slice: KeyRange): Sql {
  return sql(
    `SELECT ${measured(plan.contract.measures)} AS measures FROM ${qualified(plan.shadow)} WHERE ${inSlice(plan, { start: 1, end: 2 })}`,
    slice.start,
    slice.end,
  );
}

/**
 * The same over the whole shadow: what readers would see of the interval, live writes included, and how many rows of it
 * no checkpoint counted, in whichever partition they stand or in none.
 */
export function shadowTotals(plan: BackfillPlan): Sql {
  return sql(
    `SELECT ${measured(plan.contract.measures)} AS totals, ${rowsBesideCheckpoints('$1')}::float8 AS "rowsOutside" FROM ${qualified(plan.shadow)}`,
    plan.backfillId,
  );
}
