import { Context } from '@temporalio/activity';

type Activity = (input: never) => Promise<unknown>;

const BEAT_MS = 1_000;

/** Activities with nothing to say of their progress, which may wait for a lock or a slow answer: a dead worker is told from a patient one. */
export function beating<T extends { [name in keyof T]: Activity }>(activities: T): T {
  const wrap =
    (activity: Activity): Activity =>
    async (input) => {
      const context = Context.current();
      const timer = setInterval(() => context.heartbeat(), BEAT_MS);
      try {
        return await activity(input);
      } finally {
        clearInterval(timer);
      }
    };
  return Object.fromEntries(
    Object.entries<Activity>(activities).map(([name, activity]) => [name, wrap(activity)]),
  ) as T;
}
