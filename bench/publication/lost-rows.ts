import { BASE, VIEW } from './dataset.ts';
import type { World } from './world.ts';
import type { WrittenRow } from './writer-thread.ts';

/** Rows of the writers' own log that a relation does not show as they were committed last: missing, stale, or back from the dead. */
export async function countLost({ admin }: World, log: readonly WrittenRow[]): Promise<number> {
  let lost = 0;
  for (const relation of [BASE, VIEW]) {
    const { rows } = await admin.query<{ lost: number }>(
      `SELECT count(*)::int AS lost FROM jsonb_to_recordset($1::jsonb) AS written(day date, merchant bigint, net numeric)
         LEFT JOIN ${relation} found USING (day, merchant) WHERE found.net IS DISTINCT FROM written.net`,
      [JSON.stringify(log)],
    );
    lost += rows[0]?.lost ?? log.length;
  }
  return lost;
}
