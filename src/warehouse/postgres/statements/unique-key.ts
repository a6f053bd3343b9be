import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import { ident } from '../../sql.ts';

/** Is the same row meant on both sides? */
export function sameKey(plan: BackfillPlan, left: string, right: string): string {
  return plan.uniqueKey.map((column) => `${left}.${ident(column)} = ${right}.${ident(column)}`).join(' AND ');
}

/** A row is there when its first key column is: unique keys are NOT NULL by preflight. */
export function keyPresent(plan: BackfillPlan, side: string): string {
  return `(${side}.${ident(plan.uniqueKey[0] ?? '')} IS NOT NULL)`;
}
