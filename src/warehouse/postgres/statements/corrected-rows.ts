import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { KeyRange } from '../../../domain/backfill-spec.ts';
import { bindNamed } from '../../../spec/sql-parameters.ts';
import { inSlice } from './slice.ts';

export const TRANSFORM_PARAMETERS = ['partition_start', 'partition_end'] as const;

/** A partition with its era, counted from one. The ledger says which: only the server knows where a day begins in a zone. */
export interface EraSlice extends KeyRange {
  readonly era: number;
}

/** The corrected logic of the era a partition lies in, with `$1` and `$2` for its bounds. */
export function correctedRows(plan: Pick<BackfillPlan, 'eras' | 'keyType' | 'contract'>, slice: EraSlice): string {
  const era = plan.eras[slice.era - 1];
  if (era === undefined) throw new Error(`no era of the transform covers ${slice.start}`);
  return boundTransform(era.text, plan);
}

/** A transform without placeholders, such as a compiled dbt model, is narrowed from outside to the partition. */
export function boundTransform(text: string, plan: Pick<BackfillPlan, 'keyType' | 'contract'>): string {
  const bound = bindNamed(text, TRANSFORM_PARAMETERS, [`$1::${plan.keyType}`, `$2::${plan.keyType}`]);
  return bound.used.length > 0
    ? bound.text
    : `SELECT * FROM (\n${bound.text}\n) model WHERE ${inSlice(plan, { start: 1, end: 2 })}`;
}
