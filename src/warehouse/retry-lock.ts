import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

const TRIES = 100;

/** What ends by itself: a lock that was not granted in its short time, a deadlock, a row that somebody changed since the snapshot. */
const PASSING: readonly (string | undefined)[] = ['55P03', '40P01', '40001'];

/** Repeats what met somebody else's work: calmly, with jitter, killing nobody. */
export async function retryLock<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      const waits = error instanceof pg.DatabaseError && PASSING.includes(error.code);
      if (!waits || attempt === TRIES) throw error;
      await delay(50 + Math.random() * Math.min(2_000, 50 * 2 ** Math.min(attempt, 6)));
    }
  }
}
