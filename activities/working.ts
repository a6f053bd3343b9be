import { Context } from '@temporalio/activity';

/** What a long activity needs of its surroundings: is it asked to stop, and where is it now. */
export interface Working {
  /** Temporal asked for a stop (pause, abort, changed limits) or the worker shuts down. */
  asked(): boolean;
  /** Shown by the Temporal UI as heartbeat details. */
  at(details: Readonly<Record<string, string | number>>): void;
  /** Fires once when a stop is asked for. */
  readonly signal: AbortSignal;
}

const BEAT_MS = 1_000;

/** Beats from a timer, so that a long statement does not look like a dead worker. */
export async function whileWorking<T>(work: (working: Working) => Promise<T>): Promise<T> {
  const context = Context.current();
  let details: Readonly<Record<string, string | number>> = {};
  const timer = setInterval(() => context.heartbeat(details), BEAT_MS);
  try {
    return await work({
      asked: () => context.cancellationSignal.aborted,
      // Not sent at once: a batch passes dozens of places, and a person looks at one a second at most.
      at: (now) => {
        details = now;
      },
      signal: context.cancellationSignal,
    });
  } finally {
    clearInterval(timer);
  }
}
