const DAY_MS = 86_400_000;
/** The interval ends here, whatever its length; a month of right days follows, and then today. */
const LAST = Date.parse('2026-05-31');

/** Days that the measuring leans on, as ISO dates; ranges are half-open. */
export interface Dates {
  /** Of the interval, both included. */
  readonly first: string;
  readonly last: string;
  /** Where the live pipeline writes late, and how many days from there on. */
  readonly late: string;
  readonly lateDays: number;
  /** Not in the table before the writers come. */
  readonly today: string;
  /** A day of the interval that nobody writes. */
  readonly day: string;
  /** Thirty days of the interval that nobody writes. */
  readonly month: readonly [from: string, to: string];
  /** Thirty days, half of them after the interval. */
  readonly edge: readonly [from: string, to: string];
  /** The first day after the interval. */
  readonly after: string;
}

export function datesOf(days: number): Dates {
  const day = (fromLast: number): string => new Date(LAST + fromLast * DAY_MS).toISOString().slice(0, 10);
  return {
    first: day(1 - days),
    last: day(0),
    late: day(2 - days),
    // An approval covers live writes in one partition of a hundred.
    lateDays: Math.max(1, Math.min(3, Math.floor(days / 100))),
    today: day(31),
    day: day(-30),
    month: [day(-45), day(-15)],
    edge: [day(-14), day(16)],
    after: day(1),
  };
}
