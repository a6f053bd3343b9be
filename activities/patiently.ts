import { StillRead } from '../src/ledger/still-read.ts';
import { failure } from './activity-failure.ts';

/** How soon it is seen that a reader's transaction has ended. */
const LOOK_EVERY_MS = 3_000;

/** Comes again while somebody reads what the view showed before, however long that is. */
export async function patiently<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw error instanceof StillRead ? failure('StillRead', error.message, { nextRetryMs: LOOK_EVERY_MS }) : error;
  });
}
