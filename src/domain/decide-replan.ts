import type { BackfillState } from './backfill-state.ts';
import type { MessageDecision } from './message-decision.ts';
import { DIGEST_DIGITS, accepted, refused } from './message-decision.ts';
import { isListed, samePerson } from './people.ts';

/** Of a replan that would be heard now. Without a hash it asks what a replan would change, which anybody may; with it, the plan is replaced. */
export function decideReplan(state: BackfillState, by: string | null, given: string | null): MessageDecision {
  const { release, requestedBy, plan } = state;
  const planHash = given?.toLowerCase() ?? null;
  if (by === null) return refused('replan: say who you are in "by"');
  if (planHash !== null && planHash.length < DIGEST_DIGITS)
    return refused(
      `replan: ${planHash.length} digits of the plan hash are too few; give all of it, or at least its first ${DIGEST_DIGITS}`,
    );
  const approvers = plan?.approvers ?? [];
  if (planHash !== null && release?.state === 'published' && (!isListed(by, approvers) || samePerson(by, requestedBy)))
    return refused(
      `replan: readers see it at once, so it takes an approver of this dataset (${approvers.join(', ')}) other than ${requestedBy}, who requested the backfill`,
    );
  return accepted({ type: 'requested', request: { kind: 'replan', by, planHash } });
}
