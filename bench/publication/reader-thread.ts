import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import pg from 'pg';
import { now } from './clock.ts';
import type { LoopDelay } from './loop-delay.ts';
import { watchLoopDelay } from './loop-delay.ts';
import type { Read } from './reads.ts';

export interface ReaderData {
  readonly url: string;
  readonly turns: readonly Read[];
  readonly prepared: boolean;
  readonly pauseMs: number;
}

export interface ReaderResult {
  /** Of every read in its order: when it began, and when its answer was there. */
  readonly from: Float64Array;
  readonly to: Float64Array;
  /** How often a read answered what. */
  readonly answers: readonly { readonly name: string; readonly answer: string; readonly times: number }[];
  readonly errors: readonly string[];
  readonly loopDelay: LoopDelay;
}

/** Reads in turns, with a pause after each, until any message comes; then answers everything it saw. */
async function read({ url, turns, prepared, pauseMs }: ReaderData): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'bench/reader' });
  // A connection that breaks fails the statement under way, or the next one.
  client.on('error', () => undefined);
  await client.connect();
  let stopped = false;
  parentPort?.once('message', () => (stopped = true));
  const from: number[] = [];
  const to: number[] = [];
  const answers = new Map<string, { name: string; answer: string; times: number }>();
  const errors: string[] = [];
  const loopDelay = watchLoopDelay();
  parentPort?.postMessage('ready');
  for (let turn = 0; !stopped; turn += 1) {
    const { name, text } = turns[turn % turns.length] as Read;
    const began = now();
    try {
      const { rows } = await client.query<{ answer: string }>(prepared ? { name, text } : text);
      from.push(began);
      to.push(now());
      const answer = rows[0]?.answer ?? 'no row';
      const seen = answers.get(`${name} ${answer}`) ?? { name, answer, times: 0 };
      answers.set(`${name} ${answer}`, { ...seen, times: seen.times + 1 });
    } catch (error) {
      errors.push(error instanceof Error ? error.message : String(error));
    }
    // Between one and two pauses: readers that keep in step would meet a switch together or not at all.
    await pause(pauseMs * (1 + Math.random()));
  }
  const result: ReaderResult = {
    from: Float64Array.from(from),
    to: Float64Array.from(to),
    answers: [...answers.values()],
    errors,
    loopDelay: loopDelay(),
  };
  await client.end();
  parentPort?.postMessage(result);
  parentPort?.close();
}

await read(workerData as ReaderData);
