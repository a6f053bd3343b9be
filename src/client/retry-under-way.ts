import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { WaitingOn } from '../domain/backfill-state.ts';
import { FAILURES } from '../protocol/failures.ts';

type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

/**
 * What is tried again and why, by the server's word: a workflow sees only the end of its activities, so that an outage
 * looks to it like work that goes on. Idle polls fail by design, and are none.
 */
export function retryUnderWay(pending: readonly PendingActivity[]): WaitingOn | null {
  const failing = pending
    .filter(({ lastFailure }) => lastFailure != null && typeOf(lastFailure) !== 'StillWaiting')
    .sort((a, b) => (b.attempt ?? 0) - (a.attempt ?? 0))[0];
  if (failing?.lastFailure == null) return null;
  const { activityType, attempt, lastFailure, lastStartedTime, scheduledTime } = failing;
  const said = lastFailure.message ?? '';
  const name = activityType?.name ?? 'an activity';
  return {
    reason: `${meaning(typeOf(lastFailure))} (${name}, attempt ${attempt ?? 1}${said === '' ? '' : `: ${said}`})`,
    since: instant(lastStartedTime ?? scheduledTime),
  };
}

function typeOf(failure: NonNullable<PendingActivity['lastFailure']>): string {
  if (failure.timeoutFailureInfo != null) return 'Timeout';
  return failure.applicationFailureInfo?.type ?? '';
}

function meaning(type: string): string {
  if (type === 'Timeout') return 'an attempt was lost with its worker';
  return Object.entries(FAILURES).find(([name]) => name === type)?.[1].means ?? 'an attempt failed and is made again';
}

function instant(time: PendingActivity['lastStartedTime']): string {
  return new Date(Number(time?.seconds ?? 0) * 1000 + Math.floor((time?.nanos ?? 0) / 1e6)).toISOString();
}
