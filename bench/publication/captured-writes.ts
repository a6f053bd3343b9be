import type { Worker } from 'node:worker_threads';
import type { Comparison, ComparisonResult } from './compare-thread.ts';
import { BASE, UNCAPTURED } from './dataset.ts';
import { ask } from './thread.ts';
import type { World } from './world.ts';

export const WRITES = ['today', 'late', 'bulk'] as const;
export type WriteName = (typeof WRITES)[number];

/** The same write into the captured table and into its twin without triggers, in turns. */
export interface CapturedWrite {
  readonly write: WriteName;
  readonly captured: Float64Array;
  readonly uncaptured: Float64Array;
}

export async function measureWrites(
  { dates, rowsPerDay, plan }: World,
  thread: Worker,
  { rounds, writes }: { readonly rounds: number; readonly writes: number },
): Promise<CapturedWrite[]> {
  const measured: CapturedWrite[] = [];
  const late = `date '${dates.first}' + ($1::bigint % ${plan.partitions})::int`;
  const texts: Readonly<Record<WriteName, (table: string) => string>> = {
    today: (table) =>
      `INSERT INTO ${table} (day, merchant, gross, net, tax) VALUES (date '${dates.today}' + 1, $1::bigint, 10, 10, 1)`,
    late: (table) =>
      `UPDATE ${table} SET gross = gross + 1 WHERE day = ${late} AND merchant = 1 + $1::bigint % ${rowsPerDay}`,
    // A pipeline that loads a whole late day again.
    bulk: (table) => `UPDATE ${table} SET gross = gross + 1 WHERE day = ${late}`,
  };
  for (let round = 1; round <= rounds; round += 1)
    for (const write of WRITES) {
      const comparison: Comparison = {
        one: texts[write](BASE),
        other: texts[write](UNCAPTURED),
        times: write === 'bulk' ? Math.ceil(writes / 10) : writes,
        prepared: true,
        numbered: true,
        workers: true,
      };
      const { one, other } = await ask<ComparisonResult>(thread, comparison);
      measured.push({ write, captured: one, uncaptured: other });
    }
  return measured;
}
