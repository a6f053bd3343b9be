import type pg from 'pg';
import { WITNESSES_BELOW } from './tables.ts';

/** What the rows that nobody writes add up to, before and after the correction: constants that a plain read is held against. */
export interface Witnesses {
  sum(from: string, to: string, merchant?: number): Readonly<Record<'old' | 'corrected', string>>;
}

export async function readWitnesses(admin: pg.Pool): Promise<Witnesses> {
  const { rows } = await admin.query<{ day: string; merchant: number; live: string; corrected: string }>(
    'SELECT day::text AS day, merchant::int AS merchant, live::text AS live, corrected::text AS corrected FROM traffic.truth WHERE merchant < $1',
    [WITNESSES_BELOW],
  );
  return {
    sum: (from, to, merchant) => {
      const covered = rows.filter(
        ({ day, merchant: who }) => day >= from && day < to && (merchant === undefined || merchant === who),
      );
      const total = (side: 'live' | 'corrected'): string =>
        (covered.reduce((cents, row) => cents + Math.round(Number(row[side]) * 100), 0) / 100).toFixed(2);
      return { old: total('live'), corrected: total('corrected') };
    },
  };
}

/** The verdict of a plain read, from its value alone. Where both sides are equal it proves nothing and counts as old. */
export function sideOf(
  value: string | null,
  { old, corrected }: ReturnType<Witnesses['sum']>,
): { mixed: number; corrected: boolean } {
  return { mixed: value === old || value === corrected ? 0 : 1, corrected: value === corrected && corrected !== old };
}
