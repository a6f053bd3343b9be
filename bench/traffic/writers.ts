import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { drawFrom } from '../support/random.ts';
import { CORRECTED } from './tables.ts';
import type { Tally } from './tally.ts';

/** How the live pipeline of the traffic writes: the sources, the base and the truth in one transaction. */
type Write = (writer: Writer) => Promise<void>;

interface Writer {
  readonly client: pg.Client;
  readonly random: () => number;
  /** Merchants that this writer alone writes. */
  readonly merchants: readonly number[];
}

const DAY_MS = 86_400_000;
const LATE_DAYS = (Date.parse(CORRECTED.end) - Date.parse(CORRECTED.start)) / DAY_MS;
/** Inside a transaction of several statements: long enough to be met by a fence, far below the second that keeps one away. */
const THOUGHT_MS = 60;

const dayAfter = (start: string, days: number): string =>
  new Date(Date.parse(start) + days * DAY_MS).toISOString().slice(0, 10);
const lateDay = ({ random }: Writer): string => dayAfter(CORRECTED.start, Math.floor(random() * LATE_DAYS));
const today = ({ random }: Writer): string => dayAfter(CORRECTED.end, Math.floor(random() * 3));

const KINDS: Readonly<Record<string, Write>> = {
  today: (writer) => sell(writer, today(writer), drawFrom(writer.random, writer.merchants)),
  'late upsert': (writer) => sell(writer, lateDay(writer), drawFrom(writer.random, writer.merchants)),
  'late insert': (writer) => appear(writer, lateDay(writer)),
  'late update': (writer) => reprice(writer, lateDay(writer), drawFrom(writer.random, writer.merchants)),
  delete: (writer) => vanish(writer, lateDay(writer), drawFrom(writer.random, writer.merchants)),
  'multi-statement': async (writer) => {
    await sell(writer, lateDay(writer), drawFrom(writer.random, writer.merchants));
    await pause(writer.random() * THOUGHT_MS);
    await move(writer, lateDay(writer), today(writer), drawFrom(writer.random, writer.merchants));
    await pause(writer.random() * THOUGHT_MS);
    await reprice(writer, lateDay(writer), drawFrom(writer.random, writer.merchants));
  },
};

export interface WriterOptions {
  readonly url: string;
  readonly random: () => number;
  readonly number: number;
  /** From the end of one write to the beginning of the next, on average. */
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

/** Writes until it is stopped, every kind in turn from a place of its own. */
export async function runWriter(options: WriterOptions, tally: Tally): Promise<void> {
  const client = new pg.Client({ connectionString: options.url, application_name: `traffic/writer ${options.number}` });
  client.on('error', () => undefined);
  await client.connect();
  const merchants = [0, 1, 2, 3].map((nth) => options.number * 100 + nth);
  const writer = { client, random: options.random, merchants };
  const kinds = Object.entries(KINDS);
  try {
    for (let turn = options.number; !options.signal.aborted; turn += 1) {
      const [kind, write] = kinds[turn % kinds.length] ?? drawFrom(options.random, kinds);
      await oneTransaction(writer, kind, write, tally);
      await pause((0.5 + options.random()) * options.everyMs, undefined, { signal: options.signal }).catch(
        () => undefined,
      );
    }
  } finally {
    await client.end();
  }
}

async function oneTransaction(writer: Writer, kind: string, write: Write, tally: Tally): Promise<void> {
  const { client } = writer;
  try {
    await client.query('BEGIN');
    await write(writer);
    await client.query('COMMIT');
    tally.writes += 1;
    tally.writesByKind.set(kind, (tally.writesByKind.get(kind) ?? 0) + 1);
  } catch (error) {
    tally.writerErrors.push(`${kind}: ${error instanceof Error ? error.message : String(error)}`);
    await client.query('ROLLBACK').catch(() => undefined); // The error above says more than this one could.
  }
}

const AGGREGATED = `SELECT day, merchant, sum(gross) AS gross, sum(gross - CASE WHEN merchant % 2 = 1 THEN tax ELSE 0 END) AS net, sum(tax) AS tax
  FROM staging.sales WHERE day = $1 AND merchant = $2 GROUP BY day, merchant`;

/** One more sale, and its row inserted or updated: the pipeline is fixed, so the row is right from now on. */
async function sell({ client, random }: Writer, day: string, merchant: number): Promise<void> {
  const [gross, tax] = [20 + Math.floor(random() * 40), 2 + Math.floor(random() * 3)];
  await client.query('INSERT INTO staging.sales (day, merchant, gross, tax) VALUES ($1, $2, $3, $4)', [
    day,
    merchant,
    gross,
    tax,
  ]);
  await client.query(
    `INSERT INTO finance.sales_by_day (day, merchant, gross, net, tax) ${AGGREGATED}
     ON CONFLICT (day, merchant) DO UPDATE SET gross = excluded.gross, net = excluded.net, tax = excluded.tax, updated_at = clock_timestamp()`,
    [day, merchant],
  );
  await client.query(
    `INSERT INTO traffic.truth (day, merchant, gross, tax, live, corrected) VALUES ($1, $2, $3, $4, $5, $5)
     ON CONFLICT (day, merchant) DO UPDATE SET gross = truth.gross + $3, tax = truth.tax + $4, corrected = truth.corrected + $5, live = truth.corrected + $5`,
    [day, merchant, gross, tax, merchant % 2 === 1 ? gross - tax : gross],
  );
}

/** A merchant that the day did not have, by a plain INSERT. */
async function appear(writer: Writer, day: string): Promise<void> {
  const merchant = (writer.merchants[0] ?? 0) + 4 + Math.floor(writer.random() * 4);
  await vanish(writer, day, merchant);
  await sell(writer, day, merchant);
}

async function reprice({ client, random }: Writer, day: string, merchant: number): Promise<void> {
  const more = 1 + Math.floor(random() * 9);
  const changed = await client.query(
    'UPDATE staging.sales SET gross = gross + $3 WHERE sale_id = (SELECT min(sale_id) FROM staging.sales WHERE day = $1 AND merchant = $2)',
    [day, merchant, more],
  );
  if (changed.rowCount === 0) return;
  await client.query(
    `UPDATE finance.sales_by_day b SET (gross, net, tax, updated_at) = ROW(a.gross, a.net, a.tax, clock_timestamp()) FROM (${AGGREGATED}) a WHERE b.day = a.day AND b.merchant = a.merchant`,
    [day, merchant],
  );
  await client.query(
    'UPDATE traffic.truth SET gross = gross + $3, corrected = corrected + $3, live = corrected + $3 WHERE day = $1 AND merchant = $2',
    [day, merchant, more],
  );
}

async function vanish({ client }: Writer, day: string, merchant: number): Promise<void> {
  for (const table of ['staging.sales', 'finance.sales_by_day', 'traffic.truth'])
    await client.query(`DELETE FROM ${table} WHERE day = $1 AND merchant = $2`, [day, merchant]);
}

/** A row leaves the interval by an UPDATE of its partition key, where the other day has no such row. */
async function move({ client }: Writer, from: string, to: string, merchant: number): Promise<void> {
  const taken = await client.query('SELECT FROM finance.sales_by_day WHERE day = $1 AND merchant = $2', [to, merchant]);
  if (taken.rowCount !== 0) return;
  for (const table of ['staging.sales', 'finance.sales_by_day', 'traffic.truth'])
    await client.query(`UPDATE ${table} SET day = $3 WHERE day = $1 AND merchant = $2`, [from, merchant, to]);
  await client.query(
    `UPDATE finance.sales_by_day b SET (gross, net, tax) = ROW(a.gross, a.net, a.tax) FROM (${AGGREGATED}) a WHERE b.day = a.day AND b.merchant = a.merchant`,
    [to, merchant],
  );
  await client.query('UPDATE traffic.truth SET live = corrected WHERE day = $1 AND merchant = $2', [to, merchant]);
}
