import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { StatusView } from '../domain/status-view.ts';
import { STATUS_QUERY, workflowIdOf } from '../protocol/identity.ts';
import { ANSWER_DEADLINE_MS, withAnswerDeadline } from './connect.ts';
import { GRPC, grpcCode } from './grpc-code.ts';

export type StatusAnswer =
  | { readonly kind: 'answered'; readonly view: StatusView }
  /** The run is there, but nobody works on its task queue within the deadline. */
  | { readonly kind: 'noWorker' }
  | { readonly kind: 'unknown' };

/** Asks the run itself, running or ended; only a worker can answer. */
export async function queryStatus(
  client: Client,
  backfillId: string,
  deadlineMs: number = ANSWER_DEADLINE_MS,
): Promise<StatusAnswer> {
  const handle = client.workflow.getHandle(workflowIdOf(backfillId));
  try {
    const view = await withAnswerDeadline(client, () => handle.query<StatusView>(STATUS_QUERY), deadlineMs);
    return { kind: 'answered', view };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { kind: 'unknown' };
    if (isNoWorker(error)) return { kind: 'noWorker' };
    throw error;
  }
}

/** The server says at once that no worker polled lately, or waits for one until the deadline. */
function isNoWorker(error: unknown): boolean {
  const code = grpcCode(error);
  return code === GRPC.deadlineExceeded || code === GRPC.cancelled || code === GRPC.failedPrecondition;
}
