import type { Client } from '@temporalio/client';
import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { Incoming, MessageName } from '../domain/messages.ts';
import { workflowIdOf } from '../protocol/identity.ts';
import { withAnswerDeadline } from './connect.ts';
import { describeBackfill } from './describe-backfill.ts';
import { GRPC, grpcCode } from './grpc-code.ts';

export type MessageOutcome =
  | { readonly kind: 'accepted'; readonly answer: string }
  /** Nothing was changed; one sentence says why. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** No worker answered: the server keeps the message, and the next worker hears it. Whether it is accepted is open. */
  | { readonly kind: 'recorded' }
  | { readonly kind: 'unknown' };

/**
 * Sends a message as an update, which is answered at once, and as a signal where no worker is there to answer. An update
 * whose answer was lost may still arrive: a message that says what is already so changes nothing.
 */
export async function sendMessage(
  client: Client,
  backfillId: string,
  name: MessageName,
  payload: Incoming,
): Promise<MessageOutcome> {
  const handle = client.workflow.getHandle(workflowIdOf(backfillId));
  try {
    const answer = await withAnswerDeadline(client, () =>
      handle.executeUpdate<string, [Incoming]>(name, { args: [payload] }),
    );
    return { kind: 'accepted', answer };
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError)
      return { kind: 'refused', reason: error.cause?.message ?? error.message };
    if (error instanceof WorkflowNotFoundError) return whyNotFound(client, backfillId, name);
    if (isUnanswered(error)) return signal(client, backfillId, name, payload);
    throw error;
  }
}

async function signal(
  client: Client,
  backfillId: string,
  name: MessageName,
  payload: Incoming,
): Promise<MessageOutcome> {
  const handle = client.workflow.getHandle(workflowIdOf(backfillId));
  try {
    await withAnswerDeadline(client, () => handle.signal<[Incoming]>(name, payload));
    return { kind: 'recorded' };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return whyNotFound(client, backfillId, name);
    throw error;
  }
}

/** The server answers "not found" for a run that has ended, too. */
async function whyNotFound(client: Client, backfillId: string, name: MessageName): Promise<MessageOutcome> {
  const run = await describeBackfill(client, backfillId);
  if (run === null) return { kind: 'unknown' };
  const how = run.workflowStatus.toLowerCase().replaceAll('_', ' ');
  return { kind: 'refused', reason: `${name}: the workflow of this backfill has ended (${how}); nothing was changed` };
}

function isUnanswered(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  const code = grpcCode(error);
  return code === GRPC.deadlineExceeded || code === GRPC.cancelled;
}
