import type { BackfillState, WaitingOn } from './backfill-state.ts';
import { missingSignOffs } from './parties.ts';
import { samePerson } from './people.ts';
import { stillToApprove } from './required-approvals.ts';

/** What a status waits for by its nature; null where it works by itself. */
export function statusWait(state: BackfillState): WaitingOn | null {
  const { status, since, plan } = state;
  switch (status) {
    case 'awaitingApproval': {
      const digest = (state.evidence?.digest ?? '').slice(0, 12);
      const missing = stillToApprove(state).map(({ anyOf, because }) => {
        const may = anyOf.filter((person) => !samePerson(person, state.requestedBy));
        return `by ${may.join(' or ')}${because === null ? '' : ` (${because})`}`;
      });
      const signed = plan?.identification === 'signed' ? 'signed approval' : 'approval';
      return { reason: `${signed} of evidence ${digest} ${missing.join(', and ')}`, since };
    }
    case 'publishing':
      return {
        reason: 'a moment for the switch: no transaction of a writer of the base that is older than a second',
        since,
      };
    case 'observing':
      return { reason: 'the rollback window', since, ...until(state.rollbackDeadline) };
    case 'awaitingSignOff':
      return { reason: `sign-off by ${missingSignOffs(plan?.signOff ?? [], state.signOffs).join(', ')}`, since };
    case 'rolledBack':
      return { reason: 'republish (fresh evidence, new approval) or close', since };
    case 'consolidating':
      return state.retainUntil === null
        ? null
        : { reason: 'the retention of the snapshot', since, ...until(state.retainUntil) };
    default:
      return null;
  }
}

function until(instant: string | null): { until?: string } {
  return instant === null ? {} : { until: instant };
}
