import { waitUntil } from '../../src/local/wait-until.ts';
import { workflowIdOf } from '../../src/protocol/identity.ts';
import type { BenchStack } from './bench-stack.ts';

const PATIENCE_MS = 60 * 60_000;

export interface Progress {
  readonly status: string;
  readonly ended: boolean;
  /** Of its newest status. */
  readonly because: string | null;
  /** Batches that were checked, and all of them. */
  readonly done: number;
  readonly total: number;
}

export type Reach = (describe: string, there: (progress: Progress) => boolean, everyMs?: number) => Promise<void>;

/** Waits for a run by looking into the ledger, not at the workflow: a query would cost the worker time that is being measured. */
export function reachProgress(
  stack: Pick<BenchStack, 'admin' | 'client'>,
  backfillId: string,
  usuallyEveryMs: number,
): Reach {
  return async (describe, there, everyMs = usuallyEveryMs) => {
    let wrong: string | null = null;
    await waitUntil(
      async () => {
        const progress = await readProgress(stack, backfillId);
        if (progress === undefined) wrong = await refusalOf(stack, backfillId);
        else if (progress.status === 'held') wrong = `it is held: ${progress.because ?? 'the ledger does not say why'}`;
        return wrong !== null || (progress !== undefined && there(progress));
      },
      { timeoutMs: PATIENCE_MS, everyMs, describe: `${backfillId} to reach ${describe}` },
    );
    if (wrong !== null) throw new Error(`${backfillId} does not reach ${describe}: ${String(wrong)}`);
  };
}

async function readProgress({ admin }: Pick<BenchStack, 'admin'>, backfillId: string): Promise<Progress | undefined> {
  const { rows } = await admin.query<Progress>(
    `SELECT status, ended_at IS NOT NULL AS ended,
            (SELECT detail ->> 'because' FROM governance.backfill_events e WHERE e.backfill_id = r.backfill_id AND kind = 'status' ORDER BY event_id DESC LIMIT 1) AS because,
            (SELECT count(*)::int FROM governance.backfill_batches b WHERE b.backfill_id = r.backfill_id AND b.reconciled_at IS NOT NULL) AS done,
            (SELECT count(*)::int FROM governance.backfill_batches b WHERE b.backfill_id = r.backfill_id) AS total
       FROM governance.backfill_runs r WHERE backfill_id = $1`,
    [backfillId],
  );
  return rows[0];
}

/** A plan that is refused leaves nothing in the ledger: the workflow's own end says why. */
async function refusalOf({ client }: Pick<BenchStack, 'client'>, backfillId: string): Promise<string | null> {
  const handle = client.workflow.getHandle(workflowIdOf(backfillId));
  const { status } = await handle.describe();
  if (status.name === 'RUNNING') return null;
  try {
    await handle.result();
    return 'it has ended';
  } catch (error) {
    const { cause } = error as Error;
    return cause instanceof Error ? cause.message : String(error);
  }
}
