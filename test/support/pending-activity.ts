import type { Client } from '@temporalio/client';

/** An activity under way, as the server knows it. */
export interface PendingActivity {
  readonly name: string;
  readonly attempt: number;
  /** When the server last heard of it: a heartbeat, or the start of an attempt. */
  readonly heardAt: number;
}

export async function pendingActivities(client: Client, workflowId: string): Promise<PendingActivity[]> {
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  return (raw.pendingActivities ?? []).map(({ activityType, attempt, lastHeartbeatTime, lastStartedTime }) => ({
    name: activityType?.name ?? '',
    attempt: attempt ?? 0,
    heardAt: Math.max(millis(lastHeartbeatTime), millis(lastStartedTime)),
  }));
}

interface Timestamp {
  readonly seconds?: unknown;
  readonly nanos?: number | null;
}

function millis(at: Timestamp | null | undefined): number {
  return Number(at?.seconds ?? 0) * 1_000 + (at?.nanos ?? 0) / 1e6;
}
