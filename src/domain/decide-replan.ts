import type { BackfillState } from './backfill-state.ts';
import type { MessageDecision } from './message-decision.ts';
import { DIGEST_DIGITS, accepted, already, refused } from './message-decision.ts';
import { isListed, samePerson } from './people.ts';
import type { BackfillStatus } from './status.ts';

/** Readers see the release, and no row moves into the base yet. */
const WATCHING: readonly BackfillStatus[] = ['observing', 'awaitingSignOff'];
/** Where a held run may still get another plan. */
const HELD_FROM: readonly BackfillStatus[] = [
  'proving',
  'preserving',
  'building',
  'reconciling',
  'awaitingApproval',
  'publishing',
  ...WATCHING,
];

/** Without a hash it asks what a replan would change, which anybody may; with it, the plan is replaced. */
export function decideReplan(state: BackfillState, by: string | null, given: string | null): MessageDecision {
  const { status, hold, release, requestedBy, plan } = state;
  const planHash = given?.toLowerCase() ?? null;
  if (by === null) return refused('replan: say who you are in "by"');
  if (state.requests.some(({ kind }) => kind === 'replan')) return already('a replan is being drawn up');
  if (planHash !== null && planHash.length < DIGEST_DIGITS)
    return refused(
      `replan: ${planHash.length} digits of the plan hash are too few; give all of it, or at least its first ${DIGEST_DIGITS}`,
    );
  if (planHash !== null && plan?.planHash.startsWith(planHash) === true) return already('this plan is in force');
  const place = status === 'held' ? `held from ${hold?.from ?? 'nowhere'}` : status;
  if (status === 'held' ? !HELD_FROM.includes(hold?.from ?? 'held') : !WATCHING.includes(status))
    return refused(
      `replan: not possible in status ${place}; it is heard in held, ${WATCHING.join(' and ')}. Before a publication a run holds by itself within seconds of a column that was added`,
    );
  const approvers = plan?.approvers ?? [];
  if (planHash !== null && release?.state === 'published' && (!isListed(by, approvers) || samePerson(by, requestedBy)))
    return refused(
      `replan: readers see it at once, so it takes an approver of this dataset (${approvers.join(', ')}) other than ${requestedBy}, who requested the backfill`,
    );
  return accepted({ type: 'requested', request: { kind: 'replan', by, planHash } });
}
