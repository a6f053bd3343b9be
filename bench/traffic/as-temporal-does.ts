import { setTimeout as pause } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';

/** Ten times what a run ever needed: whoever tries longer has not converged. */
const TRIES = 100;
const BETWEEN_MS = 50;

/** Calls an activity again where the server would, for a failure that says it may be tried again; only sooner. */
export async function asTemporalDoes<T>(run: () => Promise<T>, failed?: (error: Error) => void): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (error instanceof ApplicationFailure && error.nonRetryable === true) throw error;
      if (attempt === TRIES) throw new Error(`not done in ${TRIES} attempts`, { cause: error });
      failed?.(error instanceof Error ? error : new Error(String(error)));
      await pause(BETWEEN_MS);
    }
  }
}
