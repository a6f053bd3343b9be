export const WORKFLOW_TYPE = 'controlledBackfill';

/** Workflow tasks and light activities. */
export const TASK_QUEUE = 'backfill';
/** Activities that scan data have a queue of their own with few slots, beside the one the workflow was started on. */
export function warehouseQueueOf(taskQueue: string): string {
  return `${taskQueue}-warehouse`;
}

export const STATUS_QUERY = 'status';

export function workflowIdOf(backfillId: string): string {
  return `backfill-${backfillId}`;
}

export function backfillIdOf(workflowId: string): string {
  return workflowId.replace(/^backfill-/, '');
}
