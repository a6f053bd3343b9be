import type pg from 'pg';
import { createPool } from '../../src/warehouse/session.ts';
import type { Window } from './clock.ts';
import { now } from './clock.ts';

/** Statements of the product that are timed where they are sent, whoever sends them: the switch, its undoing, a change of shape. */
const TIMED = { publish: /publish_release\(/, rollback: /^WITH moved AS/, shape: /_shape_view"?\(/ } as const;

export interface TimedStatement extends Window {
  readonly what: keyof typeof TIMED;
  /** False where the server refused it: a lock that was not granted in time. */
  readonly done: boolean;
}

/** The worker's pool, with every statement above noted in `heard`. */
export function createTimedPool(url: string, max: number, heard: TimedStatement[]): pg.Pool {
  const pool = createPool(url, max);
  pool.on('connect', (client) => {
    const send = client.query.bind(client) as unknown as (...args: unknown[]) => Promise<unknown>;
    const timed = async (...args: unknown[]): Promise<unknown> => {
      const what = kindOf(args[0]);
      if (what === undefined) return send(...args);
      const from = now();
      try {
        const result = await send(...args);
        heard.push({ what, from, to: now(), done: true });
        return result;
      } catch (error) {
        heard.push({ what, from, to: now(), done: false });
        throw error;
      }
    };
    client.query = timed as unknown as typeof client.query;
  });
  return pool;
}

function kindOf(statement: unknown): TimedStatement['what'] | undefined {
  if (typeof statement !== 'string') return undefined;
  return (Object.keys(TIMED) as TimedStatement['what'][]).find((what) => TIMED[what].test(statement));
}
