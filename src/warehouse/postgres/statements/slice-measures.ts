import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { KeyRange } from '../../../domain/backfill-spec.ts';
import type { Sql } from '../../sql.ts';
import { literal, qualified, sql } from '../../sql.ts';
import { inSlice } from './slice.ts';

/** Every measure of the contract over one slice of the shadow, as exact text. */
export function sliceMeasures(plan: BackfillPlan, slice: KeyRange): Sql {
  const entries = Object.entries(plan.contract.measures).map(
    ([name, expression]) => `${literal(name)}, coalesce(${expression}, 0)::text`,
  );
  return sql(
    `SELECT jsonb_build_object(${entries.join(', ')}) AS measures FROM ${qualified(plan.shadow)} WHERE ${inSlice(plan, { start: 1, end: 2 })}`,
    slice.start,
    slice.end,
  );
}
