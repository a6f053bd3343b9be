import { setTimeout as delay } from 'node:timers/promises';
import { finishRun, startRun } from './pipeline-run.ts';
import { withClient } from './with-client.ts';

/** Another name than the pipeline's own, so that a pipeline that starts meanwhile does not take the run for abandoned. */
export const HELD_RUN_NAME = 'month-end-close';

/**
 * Keeps one pipeline run open for `ms` milliseconds, to show what waits for it. `url` is a login of `revenue_pipeline`.
 * Aborting `signal` ends the run early. Answers the run's id after it is finished.
 */
export async function holdRun(url: string, ms: number, signal?: AbortSignal): Promise<string> {
  return withClient(url, async (client) => {
    const runId = await startRun(client, HELD_RUN_NAME);
    try {
      await delay(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      if (!signal?.aborted) throw error;
    } finally {
      await finishRun(client, runId);
    }
    return runId;
  });
}
