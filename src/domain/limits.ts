import type { BackfillState } from './backfill-state.ts';
import { parseBytes } from './bytes.ts';
import type { Incoming } from './messages.ts';

type Limits = BackfillState['limits'];

/** The limits that a `setLimits` names, or what is wrong with it. */
export function readLimits(payload: Incoming): { readonly limits: Partial<Limits> } | { readonly problem: string } {
  const lanes = payload['max_concurrency'];
  const budget = payload['daily_bytes_budget'];
  const cost = payload['daily_cost_budget'];
  if (lanes === undefined && budget === undefined && cost === undefined)
    return { problem: 'setLimits: give max_concurrency, daily_bytes_budget, daily_cost_budget, or several of them' };
  if (lanes !== undefined && !(typeof lanes === 'number' && Number.isInteger(lanes) && lanes >= 1 && lanes <= 32))
    return { problem: 'setLimits: max_concurrency is a whole number from 1 to 32' };
  // A size that cannot be read is refused: taken for "none" it would lift the budget.
  const bytes = typeof budget === 'string' ? (parseBytes(budget) ?? Number.NaN) : budget;
  if (bytes !== undefined && bytes !== null && !(typeof bytes === 'number' && bytes > 0))
    return { problem: 'setLimits: daily_bytes_budget is a size such as "500GB", or null for none' };
  if (cost !== undefined && cost !== null && !(typeof cost === 'number' && Number.isFinite(cost) && cost > 0))
    return { problem: 'setLimits: daily_cost_budget is an amount such as 25, or null for none' };
  return {
    limits: {
      ...(lanes === undefined ? {} : { maxConcurrency: lanes }),
      ...(bytes === undefined ? {} : { dailyBytesBudget: bytes }),
      ...(cost === undefined ? {} : { dailyCostBudget: cost }),
    },
  };
}
