import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { KeyRange } from '../../../domain/backfill-spec.ts';
import type { Sql } from '../../sql.ts';
import { qualified, sql } from '../../sql.ts';
import { inSlice } from './slice.ts';

/** Empties one partition of the shadow, so that building it again gives the same rows. */
export function deleteSlice(plan: BackfillPlan, slice: KeyRange, table = qualified(plan.shadow)): Sql {
  return sql(`DELETE FROM ${table} WHERE ${inSlice(plan, { start: 1, end: 2 })}`, slice.start, slice.end);
}
