import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { BackfillState } from '../src/domain/backfill-state.ts';

type Limits = BackfillState['limits'];

/** What the workflow was told last; those of the plan where it says nothing. */
export function limitsInForce({ spec }: BackfillPlan, limits: Limits | undefined): Limits {
  const { maxConcurrency, dailyBytesBudget, dailyCostBudget } = spec.execution;
  return limits ?? { maxConcurrency, dailyBytesBudget, ...(dailyCostBudget == null ? {} : { dailyCostBudget }) };
}
