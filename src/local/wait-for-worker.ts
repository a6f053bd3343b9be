import { Connection } from '@temporalio/client';
import { taskQueueName } from '../client/task-queue.ts';
import { TASK_QUEUE } from '../protocol/identity.ts';
import type { StackFile } from './stack-file.ts';
import { waitUntil } from './wait-until.ts';

/** Loading the bundle takes a worker about two seconds, on a busy machine some more. */
const STARTING_MS = 60_000;

/** Until somebody polls the workflows' queue. A worker that does not get so far is reported, not fatal: its log says why. */
export async function waitForWorker(
  { temporalAddress, temporalNamespace }: StackFile,
  prefix: string | null,
  log: (line: string) => void,
): Promise<void> {
  const connection = await Connection.connect({ address: temporalAddress });
  const name = taskQueueName(prefix, TASK_QUEUE);
  const isPolled = async (): Promise<boolean> => {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace: temporalNamespace,
      taskQueue: { name },
      taskQueueType: WORKFLOW_QUEUE,
    });
    return (pollers?.length ?? 0) > 0;
  };
  try {
    await waitUntil(isPolled, { timeoutMs: STARTING_MS, everyMs: 100, describe: `a worker on task queue ${name}` });
    log(`Worker: polls task queue ${name}`);
  } catch (error) {
    log(`${(error as Error).message}. It is started again until it comes up; its log says what is wrong.`);
  } finally {
    await connection.close();
  }
}

/** TASK_QUEUE_TYPE_WORKFLOW of Temporal's API. */
const WORKFLOW_QUEUE = 1;
