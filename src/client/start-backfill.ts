import type { Client } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { TASK_QUEUE, WORKFLOW_TYPE, workflowIdOf } from '../protocol/identity.ts';
import { withAnswerDeadline } from './connect.ts';
import { taskQueueName } from './task-queue.ts';

export interface StartRequest {
  readonly backfillId: string;
  /** The spec as the person wrote it: the worker reads it again with authority. */
  readonly specText: string;
  /** Null leaves it to the spec's owner. */
  readonly requestedBy: string | null;
  readonly set: Readonly<Record<string, string>>;
  /** One line beside the workflow in lists. */
  readonly summary: string;
  /** Markdown on the workflow's page. */
  readonly details: string;
  readonly taskQueuePrefix: string | null;
}

export type StartOutcome =
  | { readonly kind: 'started'; readonly workflowId: string; readonly runId: string }
  | { readonly kind: 'alreadyRunning'; readonly workflowId: string };

/** An id that ran before may start again: whether its run in the ledger is taken up or refused is decided while planning. */
export async function startBackfill(client: Client, request: StartRequest): Promise<StartOutcome> {
  const workflowId = workflowIdOf(request.backfillId);
  const input = {
    spec: request.specText,
    ...(request.requestedBy === null ? {} : { requestedBy: request.requestedBy }),
    ...(Object.keys(request.set).length === 0 ? {} : { set: request.set }),
  };
  try {
    const handle = await withAnswerDeadline(client, () =>
      client.workflow.start(WORKFLOW_TYPE, {
        workflowId,
        taskQueue: taskQueueName(request.taskQueuePrefix, TASK_QUEUE),
        args: [input],
        workflowIdConflictPolicy: 'FAIL',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        staticSummary: request.summary,
        staticDetails: request.details,
      }),
    );
    return { kind: 'started', workflowId, runId: handle.firstExecutionRunId };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { kind: 'alreadyRunning', workflowId };
    throw error;
  }
}
