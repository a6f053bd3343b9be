import { textReader } from './reader.ts';

const DAY_MS = 86_400_000;

/** A day of the calendar as `YYYY-MM-DD`. */
export const dateReader = textReader('a date', 'a date as YYYY-MM-DD', (text) => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  return isCalendarDay(text) ? { value: text } : { problem: 'not a day of the calendar' };
});

/** Year 0 does not exist in PostgreSQL; beyond four digits ISO dates no longer sort as text. */
function isCalendarDay(text: string): boolean {
  const instant = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(instant) && !text.startsWith('0000') && new Date(instant).toISOString().startsWith(text);
}

/** The day `days` after (before, if negative) an ISO date. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** 1 for Monday to 7 for Sunday. */
export function isoWeekday(date: string): number {
  return new Date(`${date}T00:00:00Z`).getUTCDay() || 7;
}

/** The calendar day of an instant in a named time zone, UTC where none is named. */
export function dateInZone(instant: Date, timeZone: string | null): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: timeZone ?? 'UTC',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).formatToParts(instant);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
  return `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`;
}
