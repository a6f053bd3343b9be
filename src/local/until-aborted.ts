import { once } from 'node:events';

/** The longest that a timer can be set to. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Waits, and keeps the process alive meanwhile: neither a signal's listener nor a server in a session of its own does. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const hold = setInterval(() => undefined, LONGEST_TIMER_MS);
  try {
    await once(signal, 'abort');
  } finally {
    clearInterval(hold);
  }
}
