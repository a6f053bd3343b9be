/** The example's history with the bug: this many days from `FIRST_DAY` on. */
export const MOST_PARTITIONS = 547;
const FIRST_DAY = '2024-12-01';
/** Other rules apply from here on: a shorter interval lies around this day, so that both count. */
const SECOND_ERA = '2025-07-01';

/** What every bench on the example takes. */
export const EXAMPLE_OPTIONS = {
  'events-per-day': { default: 20_000, min: 100, max: 100_000 },
  partitions: { default: 182, min: 14, max: MOST_PARTITIONS },
  rounds: { default: 3, min: 1, max: 50 },
} as const;

/** First and last day of an interval of so many days, both included. */
export function intervalOf(partitions: number): { readonly first: string; readonly last: string } {
  const earliest = dayNumber(FIRST_DAY);
  const latest = earliest + MOST_PARTITIONS - partitions;
  const first = Math.min(latest, Math.max(earliest, dayNumber(SECOND_ERA) - Math.floor(partitions / 2)));
  return { first: dayOf(first), last: dayOf(first + partitions - 1) };
}

const DAY_MS = 86_400_000;

function dayNumber(day: string): number {
  return Date.parse(day) / DAY_MS;
}

function dayOf(number: number): string {
  return new Date(number * DAY_MS).toISOString().slice(0, 10);
}
