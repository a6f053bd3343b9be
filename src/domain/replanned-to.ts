import type { BackfillState } from './backfill-state.ts';
import type { BackfillStatus } from './status.ts';

/** Evidence of the older plan is worth nothing: from here on it is found again. */
const PAST_BUILDING: readonly BackfillStatus[] = ['reconciling', 'awaitingApproval', 'publishing', 'rolledBack'];

/**
 * Where a held run goes on once its plan has the added columns: another logic is proved first, evidence is found again,
 * everything else continues where it stood. Null where nothing is held, because readers see the release.
 */
export function replannedTo({ status, hold }: BackfillState, rebuild: boolean): BackfillStatus | null {
  if (status !== 'held' || hold === null) return null;
  if (rebuild) return 'proving';
  return PAST_BUILDING.includes(hold.from) ? 'reconciling' : hold.from;
}
