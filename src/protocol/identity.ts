export const WORKFLOW_TYPE = 'controlledBackfill';

/** Workflow tasks and light activities. */
export const TASK_QUEUE = 'backfill';
/** Activities that scan data: few slots, so that the warehouse is never asked for more than was agreed. */
export const WAREHOUSE_TASK_QUEUE = 'backfill-warehouse';

export const STATUS_QUERY = 'status';

export function workflowIdOf(backfillId: string): string {
  return `backfill-${backfillId}`;
}

export function backfillIdOf(workflowId: string): string {
  return workflowId.replace(/^backfill-/, '');
}
