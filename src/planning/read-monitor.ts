import pg from 'pg';
import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { MonitorSource, PlannedMonitor, PublishedVersion, Reading } from '../domain/monitor.ts';
import { needsPublished } from '../domain/monitor.ts';
import { fieldAt } from '../domain/probe-answer.ts';
import { histogramProblem } from '../domain/psi.ts';
import { bindNamed } from '../spec/sql-parameters.ts';
import type { Session } from '../warehouse/session.ts';
import { withReadOnly } from '../warehouse/session.ts';
import type { Sql } from '../warehouse/sql.ts';
import { ident, literal, sql } from '../warehouse/sql.ts';
import { markTimeout, timedOutAfterMs } from '../warehouse/statement-timeout.ts';
import type { SecretOf } from './fetch-json.ts';
import { fetchJson } from './fetch-json.ts';

export type MonitoredPlan = Pick<BackfillPlan, 'keyType' | 'keyRanges'>;

/** A figure that takes longer than this to find is no figure to look at every few minutes. */
export const MONITOR_TIMEOUT_MS = 30_000;
/** Beyond, a histogram is a list of rows. */
const MOST_BUCKETS = 1_000;

export interface Look {
  readonly reading: Reading;
  /** What its own snapshot saw of the published totals. */
  readonly versions: readonly PublishedVersion[];
}

interface Surroundings {
  readonly secretOf: SecretOf;
  /** Reads the published totals of a measure; in planning there are none. */
  readonly totalsOf: (session: Session, measure: string) => Promise<readonly PublishedVersion[]>;
}

/**
 * One look, in one read-only snapshot: value and published totals are of one moment, whatever commits in between. What a
 * monitor cannot tell is a reading too; a warehouse that is away is thrown on.
 */
export async function lookAt(
  session: Session,
  plan: MonitoredPlan,
  monitor: PlannedMonitor,
  { secretOf, totalsOf }: Surroundings,
): Promise<Look> {
  const { source, measure, expect } = monitor;
  const answered = source.kind === 'http' ? await readHttp(source, monitor.name, secretOf) : null;
  return withReadOnly(session, async () => {
    await session.change(sql(`SET LOCAL statement_timeout = ${MONITOR_TIMEOUT_MS}`));
    const reading = answered ?? (await readSql(bounded(session), plan, monitor));
    const isCompared = reading.kind === 'value' && needsPublished(expect) && measure !== null;
    return { reading, versions: isCompared ? await totalsOf(session, measure) : [] };
  });
}

/** The session's own timeout may be longer: a statement that ran into that of monitors must be known as such. */
function bounded(session: Session): Session {
  const marked = <T>(run: () => Promise<T>): Promise<T> => markTimeout(MONITOR_TIMEOUT_MS, run);
  return {
    backendPid: session.backendPid,
    rows: <T>(statement: Sql) => marked(() => session.rows<T>(statement)),
    one: <T>(statement: Sql) => marked(() => session.one<T>(statement)),
    change: (statement) => marked(() => session.change(statement)),
  };
}

/** The SQL of a monitor with the interval in the place of its names. */
export function monitorSql(
  plan: MonitoredPlan,
  text: string,
): { readonly text: string; readonly used: readonly string[] } {
  const type = plan.keyType;
  const start = plan.keyRanges[0]?.start ?? '';
  const end = plan.keyRanges.at(-1)?.end ?? '';
  const ranges = plan.keyRanges.map((range) => `[${range.start},${range.end})`).join(',');
  return bindNamed(
    text,
    ['range_start', 'range_end', 'interval'],
    [`${literal(start)}::${type}`, `${literal(end)}::${type}`, `${literal(`{${ranges}}`)}::${multirange(type)}`],
  );
}

function multirange(keyType: string): string {
  if (keyType === 'date') return 'datemultirange';
  return keyType.startsWith('timestamp') && keyType.endsWith('with time zone') ? 'tstzmultirange' : 'tsmultirange';
}

function readSql(session: Session, plan: MonitoredPlan, { source, expect }: PlannedMonitor): Promise<Reading> {
  switch (source.kind) {
    case 'http':
      throw new Error('an address is no statement');
    case 'canary':
      return readCanary(session, monitorSql(plan, source.text).text, source);
    case 'sql': {
      const { text } = monitorSql(plan, source.text);
      return orUnknown(() => (expect.kind === 'psi_below' ? readHistogram(session, text) : readValue(session, text)));
    }
  }
}

async function readValue(session: Session, text: string): Promise<Reading> {
  const rows = await session.rows<{ value: string | null; type: string; measuredAt: Date | null }>(
    sql(
      `SELECT m.value::text AS value, pg_typeof(m.value)::text AS type, (to_jsonb(m) ->> 'measured_at')::timestamptz AS "measuredAt" FROM (\n${text}\n) m LIMIT 2`,
    ),
  );
  const [row] = rows;
  if (row === undefined) return unknown('no data: it yields no row');
  if (rows.length > 1) return unknown('it yields more than one row');
  if (row.value === null) return unknown('no data: its value is NULL');
  const exact = !['real', 'double precision'].includes(row.type);
  return { kind: 'value', value: row.value, measuredAt: row.measuredAt?.toISOString() ?? null, exact };
}

async function readHistogram(session: Session, text: string): Promise<Reading> {
  const rows = await session.rows<{ bucket: string | null; share: number | null }>(
    sql(`SELECT m.bucket::text AS bucket, m.share::float8 AS share FROM (\n${text}\n) m LIMIT ${MOST_BUCKETS + 1}`),
  );
  if (rows.length > MOST_BUCKETS) return unknown(`it yields more than ${MOST_BUCKETS} buckets`);
  const problem = histogramProblem(rows);
  if (problem !== null) return unknown(problem);
  const shares = Object.fromEntries(rows.map(({ bucket, share }) => [bucket ?? '(NULL)', share ?? 0]));
  if (Object.keys(shares).length < rows.length) return unknown('a bucket comes twice');
  return { kind: 'histogram', shares };
}

interface Explained {
  readonly 'QUERY PLAN': readonly [{ readonly 'Planning Time': number; readonly 'Execution Time': number }];
}

/** On the server alone: the rows of a consumer's query are of no use here. The first run warms caches and is not counted. */
async function readCanary(
  session: Session,
  text: string,
  { role, runs }: Extract<MonitorSource, { kind: 'canary' }>,
): Promise<Reading> {
  const refused = await orUnknown(async () => {
    await session.change(sql(`SET LOCAL ROLE ${ident(role)}`));
    return null;
  });
  if (refused !== null) return refused;
  const took: number[] = [];
  try {
    for (let run = 0; run <= runs; run += 1) {
      const { 'QUERY PLAN': plan } = await session.one<Explained>(
        sql(`EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON)\n${text}`),
      );
      if (run > 0) took.push(plan[0]['Planning Time'] + plan[0]['Execution Time']);
    }
  } catch (error) {
    if (!isOfTheQuery(error)) throw error;
    return { kind: 'latency', runs: took.length + 1, p95Ms: null, errors: 1, firstError: sentence(error) };
  }
  await session.change(sql('RESET ROLE'));
  const sorted = took.toSorted((a, b) => a - b);
  const p95Ms = sorted[Math.ceil(0.95 * sorted.length) - 1] ?? null;
  return { kind: 'latency', runs, p95Ms, errors: 0, firstError: null };
}

async function readHttp(
  { url, header, path, measuredAt }: Extract<MonitorSource, { kind: 'http' }>,
  name: string,
  secretOf: SecretOf,
): Promise<Reading> {
  try {
    const answer = await fetchJson({ url, header, field: `consumers.${name}.http.header` }, secretOf);
    const value = fieldAt(answer, path);
    if (typeof value !== 'number' && typeof value !== 'string')
      return unknown(`no data: its answer has no number at ${path}`);
    const at = measuredAt === null ? null : fieldAt(answer, measuredAt);
    if (measuredAt !== null && (typeof at !== 'string' || Number.isNaN(Date.parse(at))))
      return unknown(`its answer has no instant at ${measuredAt}`);
    return {
      kind: 'value',
      value: String(value),
      measuredAt: at === null ? null : new Date(at as string).toISOString(),
      // A number of JSON is floating point; text keeps its digits.
      exact: typeof value === 'string',
    };
  } catch (error) {
    return unknown(sentence(error));
  }
}

async function orUnknown<T>(read: () => Promise<T>): Promise<T | Extract<Reading, { kind: 'unknown' }>> {
  try {
    return await read();
  } catch (error) {
    if (!isOfTheQuery(error)) throw error;
    return unknown(sentence(error));
  }
}

/** Not that of a server that goes away or a statement that a person or a stop cancelled. */
function isOfTheQuery(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  if (timedOutAfterMs(error) !== null) return true;
  return !/^(08|53|57)/.test(error.code ?? '');
}

function unknown(reason: string): Extract<Reading, { kind: 'unknown' }> {
  return { kind: 'unknown', reason };
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
