import { ApplicationFailure } from '@temporalio/common';
import { toActivityFailure } from '../../activities/activity-failure.ts';

/** What the workflow gets of an error. */
export async function failureOf(
  work: Promise<unknown>,
  attempt = 1,
): Promise<{ type: string | null | undefined; retried: boolean; message: string }> {
  try {
    await work;
  } catch (error) {
    const failure = toActivityFailure(error, attempt);
    if (!(failure instanceof ApplicationFailure)) throw failure;
    return { type: failure.type, retried: failure.nonRetryable !== true, message: failure.message };
  }
  throw new Error('nothing failed');
}
