import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { WaitingOn } from '../domain/backfill-state.ts';
import { workflowIdOf } from '../protocol/identity.ts';
import { withAnswerDeadline } from './connect.ts';
import { retryUnderWay } from './retry-under-way.ts';

/** What the server itself knows of a run, with or without a worker. */
export interface DescribedBackfill {
  readonly workflowId: string;
  readonly runId: string;
  readonly isRunning: boolean;
  /** Temporal's own word: RUNNING, COMPLETED, FAILED, TERMINATED, … */
  readonly workflowStatus: string;
  readonly historyLength: number;
  /** ISO-8601 in UTC. */
  readonly startedAt: string;
  /** Written by the workflow at every change of status or of its wait. */
  readonly memo: Readonly<Record<string, unknown>>;
  /** An activity that fails and is tried again; the workflow itself does not see it. */
  readonly retry: WaitingOn | null;
}

/** Null where the server has no workflow of this backfill. */
export async function describeBackfill(client: Client, backfillId: string): Promise<DescribedBackfill | null> {
  const workflowId = workflowIdOf(backfillId);
  try {
    const description = await withAnswerDeadline(client, () => client.workflow.getHandle(workflowId).describe());
    return {
      workflowId,
      runId: description.runId,
      isRunning: description.status.name === 'RUNNING',
      workflowStatus: description.status.name,
      historyLength: description.historyLength,
      startedAt: description.startTime.toISOString(),
      memo: description.memo ?? {},
      retry: retryUnderWay(description.raw.pendingActivities ?? []),
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}
