import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import pg from 'pg';
import { now } from './clock.ts';
import type { LoopDelay } from './loop-delay.ts';
import { watchLoopDelay } from './loop-delay.ts';

export interface WriterData {
  readonly url: string;
  readonly base: string;
  readonly source: string;
  /** Written in turns. */
  readonly days: readonly string[];
  readonly pauseMs: number;
}

export interface WriterResult {
  readonly from: Float64Array;
  readonly to: Float64Array;
  /** What was committed last for each key; net is null where the row was deleted. */
  readonly log: readonly WrittenRow[];
  readonly errors: readonly string[];
  readonly loopDelay: LoopDelay;
}

export interface WrittenRow {
  readonly day: string;
  readonly merchant: number;
  readonly net: string | null;
}

/** Above every merchant that the tables were made with. Even: their prices hold no tax, in any logic. */
const FIRST_MERCHANT = 1_000_000;

/**
 * Writes source and base in one statement, as a pipeline would in one transaction: two new rows, one of them changed
 * afterwards, the other deleted. `hold` makes it stand still, `go` go on; anything else ends it.
 */
async function write(data: WriterData): Promise<void> {
  const client = new pg.Client({ connectionString: data.url, application_name: 'bench/writer' });
  // A connection that breaks fails the statement under way, or the next one.
  client.on('error', () => undefined);
  await client.connect();
  let wanted = 'hold';
  let woken = (): void => undefined;
  parentPort?.on('message', (message: string) => {
    wanted = message;
    woken();
  });
  const from: number[] = [];
  const to: number[] = [];
  const log = new Map<string, WrittenRow>();
  const errors: string[] = [];
  const loopDelay = watchLoopDelay();
  for (let turn = 0; ;) {
    if (wanted === 'hold') {
      await new Promise<void>((resolve) => {
        woken = resolve;
        parentPort?.postMessage('holding');
      });
      continue;
    }
    if (wanted !== 'go') break;
    const { text, row } = turnOf(data, turn);
    const began = now();
    try {
      await client.query(text);
      from.push(began);
      to.push(now());
      log.set(`${row.day} ${row.merchant}`, row);
      turn += 1;
    } catch (error) {
      errors.push(error instanceof Error ? error.message : String(error));
    }
    await pause(data.pauseMs * (0.5 + Math.random()));
  }
  const result: WriterResult = {
    from: Float64Array.from(from),
    to: Float64Array.from(to),
    log: [...log.values()],
    errors,
    loopDelay: loopDelay(),
  };
  await client.end();
  parentPort?.postMessage(result);
  parentPort?.close();
}

function turnOf({ base, source, days }: WriterData, turn: number): { readonly text: string; readonly row: WrittenRow } {
  const four = Math.floor(turn / 4);
  const step = turn % 4;
  const day = days[four % days.length] as string;
  const merchant = FIRST_MERCHANT + four * 4 + (step % 2) * 2;
  const where = `WHERE day = date '${day}' AND merchant = ${merchant}`;
  const both = (first: string, second: string): string => `WITH fed AS (${first}) ${second}`;
  if (step < 2)
    return {
      row: { day, merchant, net: '1.00' },
      text: both(
        `INSERT INTO ${source} (day, merchant, gross, tax) VALUES (date '${day}', ${merchant}, 1, 0)`,
        `INSERT INTO ${base} (day, merchant, gross, net, tax) VALUES (date '${day}', ${merchant}, 1, 1, 0)`,
      ),
    };
  if (step === 2)
    return {
      row: { day, merchant, net: '2.00' },
      text: both(`UPDATE ${source} SET gross = 2 ${where}`, `UPDATE ${base} SET gross = 2, net = 2 ${where}`),
    };
  return {
    row: { day, merchant, net: null },
    text: both(`DELETE FROM ${source} ${where}`, `DELETE FROM ${base} ${where}`),
  };
}

await write(workerData as WriterData);
