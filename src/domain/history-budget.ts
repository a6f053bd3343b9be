/** Events that a run may have before it continues as new. Replaying 1,500 takes a worker about a second; the server's own limit is 51,200. */
export const HISTORY_BUDGET = 1_500;
/** Fewer would be spent by the claims of two lanes and a handful of messages: a run would do little but begin anew. */
const LEAST = 50;

/** What a start may ask for instead: a smaller one shows in minutes what a long run meets in months. */
export function isHistoryBudget(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= LEAST && value <= HISTORY_BUDGET;
}

export const HISTORY_BUDGETS = `a whole number from ${LEAST} to ${HISTORY_BUDGET}`;
