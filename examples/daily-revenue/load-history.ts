import type { Client } from 'pg';
import { readScenarioFile, WRONG_DAYS } from './scenario.ts';

/** Days written by the fixed pipeline right after the wrong ones. */
const FIRST_RIGHT_DAY = '2026-06-01';
const RIGHT_DAYS = 30;

/** Half-open range of days. */
interface DayRange {
  readonly start: string;
  readonly end: string;
}

/** Drops and creates the scenario's schemas, tables, view and grants. The roles must exist. */
export async function createTables(client: Client): Promise<void> {
  await client.query(await readScenarioFile('seed/tables.sql'));
  await client.query(await readScenarioFile('seed/grants.sql'));
}

/**
 * Fills empty tables: the wrong days, thirty right ones after them, and the three days that end today. Runs inside a
 * transaction, whose memory it raises: sorting on disk and compiling the plan took half of the time for 300 events a day.
 */
export async function loadHistory(client: Client, eventsPerDay: number, log: (line: string) => void): Promise<void> {
  await client.query(`set local work_mem = '64MB'; set local jit = off`);
  const { rows } = await client.query<{ today: string }>('select current_date::text as today');
  const today = rows[0]?.today ?? FIRST_RIGHT_DAY;
  for (const days of daysToSeed(today)) {
    await loadEvents(client, eventsPerDay, days);
    log(`daily revenue: events of ${days.start} to ${addDays(days.end, -1)} loaded`);
  }
  await client.query('analyze staging.revenue_events');
  await client.query(await readScenarioFile('seed/history.sql'), [WRONG_DAYS.last]);
  log('daily revenue: rows by day and merchant written');
}

/** Merchants, unless they are there, and the events of a range of days. The connection must be in UTC. */
export async function loadEvents(client: Client, eventsPerDay: number, days: DayRange): Promise<void> {
  const merchants = await client.query('select from staging.merchants limit 1');
  if (merchants.rowCount === 0) await client.query(await readScenarioFile('seed/merchants.sql'));
  await client.query(await readScenarioFile('seed/active-merchants.sql'), [days.start, days.end]);
  await client.query('analyze active_merchants');
  await client.query(await readScenarioFile('seed/events.sql'), [eventsPerDay, days.start, days.end]);
  await client.query('drop table active_merchants');
}

/** Disjoint, oldest first, none after today. */
export function daysToSeed(today: string): DayRange[] {
  const tomorrow = addDays(today, 1);
  const firstGap = min(addDays(FIRST_RIGHT_DAY, RIGHT_DAYS), tomorrow);
  const lastDays = max(addDays(today, -2), firstGap);
  return [
    { start: WRONG_DAYS.first, end: firstGap },
    { start: lastDays, end: tomorrow },
  ].filter(({ start, end }) => start < end);
}

function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
}

const min = (a: string, b: string): string => (a < b ? a : b);
const max = (a: string, b: string): string => (a > b ? a : b);
