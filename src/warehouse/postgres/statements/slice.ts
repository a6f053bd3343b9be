import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import { ident } from '../../sql.ts';

/** `alias.key >= $n::type AND alias.key < $m::type`: one partition or batch, half-open, typed. */
export function inSlice(
  plan: Pick<BackfillPlan, 'keyType' | 'contract'>,
  parameters: { readonly start: number; readonly end: number },
  alias?: string,
): string {
  const key =
    alias === undefined ? ident(plan.contract.partition.key) : `${alias}.${ident(plan.contract.partition.key)}`;
  return `${key} >= $${parameters.start}::${plan.keyType} AND ${key} < $${parameters.end}::${plan.keyType}`;
}
