import type { Client } from '@temporalio/client';
import { WORKFLOW_TYPE, backfillIdOf, workflowIdOf } from '../protocol/identity.ts';
import { withAnswerDeadline } from './connect.ts';

/** One backfill as the server lists it: its newest run. */
export interface ListedBackfill {
  readonly backfillId: string;
  readonly workflowId: string;
  /** RUNNING, COMPLETED, FAILED, TERMINATED, … */
  readonly workflowStatus: string;
  /** ISO-8601 in UTC. */
  readonly startedAt: string;
}

const LISTED_AT_MOST = 200;

/** Newest first. The list of the server lags a second or two behind a start. */
export async function listBackfills(client: Client): Promise<readonly ListedBackfill[]> {
  return withAnswerDeadline(client, async () => {
    const newest = new Map<string, ListedBackfill>();
    for await (const run of client.workflow.list({ query: `WorkflowType = '${WORKFLOW_TYPE}'`, pageSize: 100 })) {
      if (newest.size >= LISTED_AT_MOST) break;
      // A run that continued as new is listed once for each of its parts; the newest part speaks for it.
      if (newest.has(run.workflowId)) continue;
      const backfillId = backfillIdOf(run.workflowId);
      // Started by hand under an id that no backfill has: its plan is refused, and no command finds it.
      if (workflowIdOf(backfillId) !== run.workflowId) continue;
      newest.set(run.workflowId, {
        backfillId,
        workflowId: run.workflowId,
        workflowStatus: run.status.name,
        startedAt: run.startTime.toISOString(),
      });
    }
    return [...newest.values()];
  });
}
