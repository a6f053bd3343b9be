import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

const TRIES = 100;

/** Repeats a statement whose lock was not granted in its short time: calmly, with jitter, killing nobody. */
export async function retryLock<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      const waits = error instanceof pg.DatabaseError && (error.code === '55P03' || error.code === '40P01');
      if (!waits || attempt === TRIES) throw error;
      await delay(50 + Math.random() * Math.min(2_000, 50 * 2 ** Math.min(attempt, 6)));
    }
  }
}
