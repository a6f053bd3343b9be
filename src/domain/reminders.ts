import type { WaitDeadlines } from './dataset-contract.ts';

/** A wait for a person that has a deadline. */
export interface OverdueWait {
  readonly status: string;
  readonly what: string;
  readonly since: string;
  readonly deadlineMs: number;
}

/** The last reminder comes after 32 times the deadline: a month where it is a day. Whoever heard six does not hear the seventh. */
const MOST_REMINDERS = 6;

/** What a status waits for a person to do, and how long it may; null where it waits for nobody. */
export function waitOf(
  run: { readonly status: string; readonly since: string; readonly rollbackDeadline: string | null },
  { approvalMs, signOffMs, holdMs }: WaitDeadlines,
): OverdueWait | null {
  const { status, since, rollbackDeadline } = run;
  switch (status) {
    case 'awaitingApproval':
      return { status, what: 'the approval of the evidence', since, deadlineMs: approvalMs };
    case 'awaitingSignOff':
      return { status, what: 'the sign-off of every party', since, deadlineMs: signOffMs };
    case 'held':
      return { status, what: 'a decision on the hold', since, deadlineMs: holdMs };
    case 'rolledBack':
      return { status, what: 'republish or close', since, deadlineMs: signOffMs };
    case 'observing':
      return rollbackDeadline === null
        ? null
        : { status, what: 'a monitor that is not good', since: rollbackDeadline, deadlineMs: holdMs };
    default:
      return null;
  }
}

/** The newest reminder that is due, from 0: at the deadline, at twice, four times that, and so on. Null: none yet. */
export function reminderDue(
  { since, deadlineMs }: Pick<OverdueWait, 'since' | 'deadlineMs'>,
  now: string,
): number | null {
  const waitedMs = Date.parse(now) - Date.parse(since);
  if (waitedMs < deadlineMs) return null;
  return Math.min(MOST_REMINDERS - 1, Math.floor(Math.log2(waitedMs / deadlineMs)));
}
