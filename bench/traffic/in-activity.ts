import { asyncLocalStorage, Context } from '@temporalio/activity';
import type { Info } from '@temporalio/activity';
import { noopMetricMeter } from '@temporalio/common';

const SILENT = {
  log: () => undefined,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/**
 * Runs an activity in a context of its own, in which nobody asks it to stop. Without the SDK's testing package, which
 * takes a second to load: a child process that is killed sixty times is started sixty times.
 */
export function inActivity<T>(run: () => Promise<T>): Promise<T> {
  const never = new Promise<never>(() => undefined);
  const info = { attempt: 1 } as Info;
  const context = new Context(
    info,
    never,
    new AbortController().signal,
    () => undefined,
    undefined,
    SILENT,
    noopMetricMeter,
    {},
  );
  return asyncLocalStorage.run(context, run);
}
