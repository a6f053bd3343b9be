import { parentPort, workerData } from 'node:worker_threads';
import pg from 'pg';
import { watchLoopDelay } from './loop-delay.ts';
import type { LoopDelay } from './loop-delay.ts';

/** Two statements that do the same to two relations, to be run in turns so often. */
export interface Comparison {
  readonly one: string;
  readonly other: string;
  readonly times: number;
  readonly prepared: boolean;
  /** Given as $1, each number once, where the statements take one. */
  readonly numbered: boolean;
  /** False: with `max_parallel_workers_per_gather = 0`, as consumers of an armed view are advised to. */
  readonly workers: boolean;
}

export interface ComparisonResult {
  /** Milliseconds of each, in their order. */
  readonly one: Float64Array;
  readonly other: Float64Array;
  /** The server plans the first one for parallel workers. */
  readonly parallel: boolean;
  readonly loopDelay: LoopDelay;
}

/** Before anything is timed: plans are made, pages are read, and a prepared statement has come to its generic plan. */
const WARM_UP = 6;

/** One connection, one comparison a message. */
async function serve(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'bench/compare' });
  // A connection that breaks fails the statement under way, or the next one.
  client.on('error', () => undefined);
  await client.connect();
  let compared = 0;
  let number = 0;
  const compare = async ({ one, other, times, prepared, numbered, workers }: Comparison): Promise<ComparisonResult> => {
    compared += 1;
    await client.query(`${workers ? 'RESET' : 'SET'} max_parallel_workers_per_gather${workers ? '' : ' = 0'}`);
    const send = async (text: string, name: string): Promise<number> => {
      const values = numbered ? [number] : [];
      const began = performance.now();
      await client.query(prepared ? { name: `${name}${compared}`, text, values } : { text, values });
      return performance.now() - began;
    };
    const took = { one: new Float64Array(times), other: new Float64Array(times) };
    const loopDelay = watchLoopDelay();
    for (let turn = -WARM_UP; turn < times; turn += 1) {
      number += 1;
      // Who comes second finds the processor warm: each comes second every other time.
      const order = turn % 2 === 0 ? (['one', 'other'] as const) : (['other', 'one'] as const);
      for (const which of order) {
        const milliseconds = await send(which === 'one' ? one : other, which);
        if (turn >= 0) took[which][turn] = milliseconds;
      }
    }
    const parallel = !numbered && (await plansParallel(client, one));
    await client.query('DEALLOCATE ALL');
    return { ...took, parallel, loopDelay: loopDelay() };
  };
  parentPort?.on('message', (message: Comparison | 'stop') => {
    if (message === 'stop') void client.end().then(() => parentPort?.close());
    // Rejections end the thread with their error, which whoever waits for the answer gets.
    else void compare(message).then((result) => parentPort?.postMessage(result));
  });
}

async function plansParallel(client: pg.Client, text: string): Promise<boolean> {
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`);
  return rows.some((row) => row['QUERY PLAN'].includes('Workers Planned'));
}

await serve((workerData as { readonly url: string }).url);
