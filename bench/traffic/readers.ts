import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { TrafficDataset } from './dataset.ts';
import { drawFrom } from '../support/random.ts';
import type { Verdict } from './expected.ts';
import { judgedAsTotal, judgedByDay } from './expected.ts';
import { CORRECTED, HISTORY, WITNESSES_BELOW } from './tables.ts';
import type { Tally } from './tally.ts';
import { count } from './tally.ts';
import type { Witnesses } from './witnesses.ts';
import { sideOf } from './witnesses.ts';

interface Reader {
  readonly client: pg.Client;
  readonly random: () => number;
  readonly witnesses: Witnesses;
  readonly note: (verdict: Omit<Verdict, 'witness'>) => void;
}

type Read = (reader: Reader) => Promise<unknown>;

const VIEW = 'finance.sales_current';
/** Each lies across one edge of the interval. */
const MONTHS = [
  ['2025-01-01', '2025-02-01'],
  ['2025-02-01', '2025-03-01'],
] as const;
/** Half-open: the day after the last one of the traffic. */
const ALL = [HISTORY.first, '2025-03-01'] as const;
/** Days on both sides of both edges. */
const DAYS = ['2025-01-05', CORRECTED.start, '2025-01-20', '2025-02-09', CORRECTED.end].map((day) => [
  day,
  new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10),
]) as readonly (readonly [string, string])[];
/** How long a snapshot is kept open, at most; and by how much longer whoever keeps one rests, so that a view can be replaced. */
const HELD_MS = 250;
const REST = 10;
const HOLDERS: readonly string[] = ['cursor', 'repeatable read'];

const month: Read = (reader) => judged(reader, judgedByDay(VIEW), drawFrom(reader.random, MONTHS));
const day: Read = (reader) => judged(reader, judgedByDay(VIEW), drawFrom(reader.random, DAYS));
const full: Read = (reader) => judged(reader, judgedAsTotal(VIEW), ALL);

/** Sixteen connections. All but the last two kinds read as a consumer who may read the view and nothing else. */
export const READERS: readonly {
  readonly kind: string;
  readonly role: 'dashboard' | 'finance_export';
  readonly read: Read;
}[] = [
  { kind: 'point', role: 'dashboard', read: point },
  { kind: 'point', role: 'dashboard', read: point },
  { kind: 'day', role: 'dashboard', read: day },
  { kind: 'day', role: 'dashboard', read: day },
  { kind: 'month', role: 'dashboard', read: month },
  { kind: 'month', role: 'dashboard', read: month },
  { kind: 'full sum', role: 'dashboard', read: full },
  { kind: 'plain full sum', role: 'dashboard', read: plainSum },
  { kind: 'prepared point', role: 'dashboard', read: preparedPoint },
  { kind: 'prepared month', role: 'dashboard', read: preparedMonth },
  { kind: 'cursor', role: 'dashboard', read: cursor },
  { kind: 'cursor', role: 'dashboard', read: cursor },
  { kind: 'repeatable read', role: 'dashboard', read: repeatable },
  { kind: 'repeatable read', role: 'dashboard', read: repeatable },
  { kind: 'dependent view', role: 'finance_export', read: dependent },
  { kind: 'unprivileged', role: 'finance_export', read: unprivileged },
];

export interface ReaderOptions {
  readonly dataset: TrafficDataset;
  readonly reader: (typeof READERS)[number];
  readonly random: () => number;
  readonly witnesses: Witnesses;
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

/** Reads until it is stopped; an error is counted, and ends nothing but that read. */
export async function runReader(options: ReaderOptions, tally: Tally): Promise<void> {
  const { dataset, random, witnesses, signal } = options;
  const { kind, role, read } = options.reader;
  const client = new pg.Client({ connectionString: dataset.urls[role], application_name: `traffic/${kind}` });
  client.on('error', () => undefined);
  await client.connect();
  // What the planner does once it knows a prepared statement well, from the first call on.
  if (kind.startsWith('prepared')) await client.query('SET plan_cache_mode = force_generic_plan');
  const restMs = options.everyMs * (HOLDERS.includes(kind) ? REST : 1);
  const reader = {
    client,
    random,
    witnesses,
    note: (verdict: Omit<Verdict, 'witness'>) => count(tally, kind, verdict),
  };
  try {
    while (!signal.aborted) {
      try {
        await read(reader);
      } catch (error) {
        tally.readerErrors.push(`${kind}: ${error instanceof Error ? error.message : String(error)}`);
        await client.query('ROLLBACK').catch(() => undefined); // The error above says more than this one could.
      }
      await pause((0.5 + random()) * restMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await client.end();
  }
}

async function judged(reader: Reader, text: string, [from, to]: readonly [string, string]): Promise<Verdict> {
  const { rows } = await reader.client.query<Verdict>(text, [from, to]);
  const [verdict] = rows;
  if (verdict === undefined) throw new Error('a judged read gave no row');
  reader.note(verdict);
  return verdict;
}

function plain(reader: Reader, value: string | null, sides: ReturnType<Witnesses['sum']>): void {
  reader.note({ ...sideOf(value, sides), wrong: 0, overtaken: 0, judged: 0, sample: { value, sides } });
}

/** One row of somebody whom nobody writes, by the simple protocol. */
async function point(reader: Reader): Promise<void> {
  const [from, to] = drawFrom(reader.random, DAYS);
  const merchant = drawFrom(reader.random, [1, 3, 5]);
  const { rows } = await reader.client.query<{ net: string }>(
    `SELECT net::text AS net FROM ${VIEW} WHERE day = date '${from}' AND merchant = ${merchant}`,
  );
  if (rows.length !== 1) throw new Error(`${rows.length} rows of ${from}, merchant ${merchant}`);
  plain(reader, rows[0]?.net ?? null, reader.witnesses.sum(from, to, merchant));
}

async function preparedPoint(reader: Reader): Promise<void> {
  const [from, to] = drawFrom(reader.random, DAYS);
  const { rows } = await reader.client.query<{ net: string }>({
    name: 'point',
    text: `SELECT net::text AS net FROM ${VIEW} WHERE day = $1::date AND merchant = $2`,
    values: [from, 3],
  });
  if (rows.length !== 1) throw new Error(`${rows.length} rows of ${from}, merchant 3`);
  plain(reader, rows[0]?.net ?? null, reader.witnesses.sum(from, to, 3));
}

async function preparedMonth(reader: Reader): Promise<void> {
  const [from, to] = drawFrom(reader.random, MONTHS);
  const { rows } = await reader.client.query<{ net: string }>({
    name: 'month',
    text: `SELECT sum(net)::text AS net FROM ${VIEW} WHERE day >= $1::date AND day < $2::date AND merchant < $3`,
    values: [from, to, WITNESSES_BELOW],
  });
  plain(reader, rows[0]?.net ?? null, reader.witnesses.sum(from, to));
}

async function plainSum(reader: Reader): Promise<void> {
  const { rows } = await reader.client.query<{ net: string }>(
    `SELECT sum(net)::text AS net FROM ${VIEW} WHERE merchant < ${WITNESSES_BELOW}`,
  );
  plain(reader, rows[0]?.net ?? null, reader.witnesses.sum(...ALL));
}

/** One statement that is fetched in pieces while the pointer may move. */
async function cursor(reader: Reader): Promise<void> {
  const { client } = reader;
  const [from, to] = ALL;
  await client.query('BEGIN');
  await client.query(
    `DECLARE pieces NO SCROLL CURSOR FOR SELECT net FROM ${VIEW} WHERE day >= '${from}' AND day < '${to}' AND merchant < ${WITNESSES_BELOW}`,
  );
  let cents = 0;
  for (;;) {
    const { rows } = await client.query<{ net: string }>('FETCH 80 FROM pieces');
    if (rows.length === 0) break;
    for (const { net } of rows) cents += Math.round(Number(net) * 100);
    await pause((reader.random() * HELD_MS) / 5);
  }
  await client.query('COMMIT');
  plain(reader, (cents / 100).toFixed(2), reader.witnesses.sum(from, to));
}

/** What a transaction has seen it goes on seeing, whatever is published meanwhile. */
async function repeatable(reader: Reader): Promise<void> {
  const { client, note } = reader;
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const first = await judged(reader, judgedByDay(VIEW), ALL);
  await pause(reader.random() * HELD_MS);
  const second = await judged(reader, judgedAsTotal(VIEW), ALL);
  await client.query('COMMIT');
  if (second.witness !== first.witness)
    note({ ...second, mixed: 1, sample: { before: first.witness, after: second.witness } });
}

/** Through a view that stands on the published one, of which its reader may not read that one itself. */
async function dependent(reader: Reader): Promise<void> {
  await judged(reader, judgedByDay('finance.sales_by_merchant'), drawFrom(reader.random, MONTHS));
}

/** May read one view; base, overlay, published view and pointer are refused to it before, between and after. */
async function unprivileged(reader: Reader): Promise<void> {
  await judged(reader, judgedAsTotal('finance.sales_by_merchant'), ALL);
  const hidden = drawFrom(reader.random, ['finance.sales_by_day', VIEW, 'governance.active_releases']);
  const refused = await reader.client.query(`SELECT FROM ${hidden} LIMIT 1`).then(
    () => false,
    (error: unknown) => (error as { code?: string }).code === '42501',
  );
  if (!refused) throw new Error(`${hidden} can be read without a right`);
}
