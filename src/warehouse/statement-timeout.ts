import { isCancelled } from './sqlstate.ts';

interface TimedOut {
  readonly timedOutAfterMs?: number;
}

/**
 * A timeout and a cancellation have one SQLSTATE, and the server's message is in the language of the server: only the
 * time that the statement took tells them apart. Ours begins before the server's, so what timed out took at least as long.
 */
export async function markTimeout<T>(timeoutMs: number, run: () => Promise<T>): Promise<T> {
  const began = performance.now();
  try {
    return await run();
  } catch (error) {
    // Two clocks measure it: a hundredth is left to them.
    if (isCancelled(error) && performance.now() - began >= timeoutMs * 0.99)
      Object.assign(error as Error, { timedOutAfterMs: timeoutMs } satisfies TimedOut);
    throw error;
  }
}

/** The timeout that a statement ran into; null for any other error, and where somebody cancelled it. */
export function timedOutAfterMs(error: unknown): number | null {
  return (error as TimedOut | undefined)?.timedOutAfterMs ?? null;
}
