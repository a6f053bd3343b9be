import { setTimeout as pause } from 'node:timers/promises';

export interface WaitOptions {
  readonly timeoutMs: number;
  /** What is waited for, as it reads after "Waited 20 s for …"; a function is asked only when the wait fails. */
  readonly describe: string | (() => string);
  /** Between two looks; 25 ms where nothing else is said. */
  readonly everyMs?: number;
}

/**
 * Looks until `condition` gives something other than false, null or undefined, and resolves to it.
 * A condition that throws counts as not yet; what it threw last is the cause of the error that a wait in vain ends with.
 */
export async function waitUntil<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions,
): Promise<Exclude<T, false | null | undefined>> {
  const { timeoutMs, describe, everyMs = 25 } = options;
  const deadline = Date.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== false && value !== null && value !== undefined)
        return value as Exclude<T, false | null | undefined>;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (Date.now() >= deadline) break;
    await pause(everyMs);
  }
  const what = typeof describe === 'string' ? describe : describe();
  const why = lastError instanceof Error ? `; the last look failed with: ${lastError.message}` : '';
  throw new Error(`Waited ${String(timeoutMs / 1000)} s in vain for ${what}${why}`, { cause: lastError });
}
