import { taskQueueName } from '../client/task-queue.ts';
import type { Config } from '../config/config.ts';
import { isFinal } from '../domain/status.ts';
import { TASK_QUEUE } from '../protocol/identity.ts';
import type { KnownStatus } from './read-status.ts';

/** A run that no worker works for waits for one, whatever its own last word was; memo and ledger cannot know that. */
export function waitingForWorker(
  known: KnownStatus,
  { taskQueuePrefix }: Pick<Config, 'taskQueuePrefix'>,
): KnownStatus {
  const { view, isLive, isOrphaned } = known;
  if (isLive || isOrphaned || view.waitingOn !== null || isFinal(view.status)) return known;
  const queue = taskQueueName(taskQueuePrefix, TASK_QUEUE);
  const reason = `a worker: none answers on task queue ${queue}`;
  return { ...known, view: { ...view, waitingOn: { reason, since: view.since } } };
}
