import type { Dates } from './dates.ts';

/** A statement that answers one text. */
export interface Read {
  readonly name: ReadName;
  readonly text: string;
}

export const READ_NAMES = ['point', 'day', 'month', 'edge', 'full'] as const;
export type ReadName = (typeof READ_NAMES)[number];

/** The reads that are measured, from a view or a table: one row, a day, a month, a month across the interval's edge, everything. */
export function readsOf(relation: string, dates: Dates): readonly Read[] {
  const sum = (where: string): string => `SELECT coalesce(sum(net), 0)::text AS answer FROM ${relation}${where}`;
  const within = ([from, to]: readonly [string, string]): string =>
    ` WHERE day >= date '${from}' AND day < date '${to}'`;
  return [
    {
      name: 'point',
      text: `SELECT net::text AS answer FROM ${relation} WHERE day = date '${dates.day}' AND merchant = 7`,
    },
    { name: 'day', text: sum(` WHERE day = date '${dates.day}'`) },
    { name: 'month', text: sum(within(dates.month)) },
    {
      name: 'edge',
      text:
        `SELECT concat_ws('|', sum(net) FILTER (WHERE day < date '${dates.after}'), sum(net) FILTER (WHERE day >= date '${dates.after}')) AS answer ` +
        `FROM ${relation}${within(dates.edge)}`,
    },
    { name: 'full', text: sum('') },
  ];
}

/**
 * What a reader asks for in turns while readers are switched: nothing that a writer of the bench touches, so that there
 * is one old and one new answer to each.
 */
export function readerTurns(reads: readonly Read[]): readonly Read[] {
  const named = (name: ReadName): Read[] => reads.filter((read) => read.name === name);
  return ['point', 'day', 'point', 'edge', 'day'].flatMap((name) => named(name as ReadName));
}
