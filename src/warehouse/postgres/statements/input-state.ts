/** The state of a run's reference inputs in force, as a scalar: the newest that was accepted; null where it has none. */
export function inputStateInForce(backfillId: string): string {
  return `(SELECT max(state) FROM governance.reference_inputs WHERE backfill_id = ${backfillId} AND accepted_at IS NOT NULL)`;
}
