import pg from 'pg';
import { waitUntil } from '../../src/local/wait-until.ts';
import { VIEW } from './dataset.ts';
import { readsOf } from './reads.ts';
import type { World } from './world.ts';

export interface LongQueries {
  /** What those that came to their end saw of the interval's edge. */
  readonly answers: readonly string[];
}

/**
 * Does the work while a long query through the view runs: one after the other, or only the first of them. It holds its
 * lock on the view and its snapshot, and sleeps: a busy one would cost everybody else the processor besides.
 */
export async function behindLongQueries(
  { urls, admin, dates }: World,
  { again, seconds }: { readonly again: boolean; readonly seconds: number },
  work: () => Promise<void>,
): Promise<LongQueries> {
  const edge = readsOf(VIEW, dates).find(({ name }) => name === 'edge');
  const client = new pg.Client({ connectionString: urls.dashboard, application_name: 'bench/long query' });
  client.on('error', () => undefined);
  await client.connect();
  const answers: string[] = [];
  let over = false;
  const running = (async () => {
    do {
      const { rows } = await client.query<{ answer: string }>(
        `SELECT (${edge?.text ?? ''}) AS answer FROM pg_sleep(${seconds})`,
      );
      answers.push(rows[0]?.answer ?? 'no row');
    } while (again && !over);
  })();
  // It is cancelled once the work is done, by us.
  const ended = running.catch((error: unknown) => {
    if (!over || !(error instanceof pg.DatabaseError) || error.code !== '57014') throw error;
  });
  const { processID } = client as unknown as { readonly processID: number };
  try {
    await waitUntil(
      async () => {
        const { rows } = await admin.query(
          `SELECT FROM pg_locks WHERE pid = $1 AND relation = $2::regclass AND granted`,
          [processID, VIEW],
        );
        return rows.length > 0;
      },
      { timeoutMs: 10_000, everyMs: 5, describe: 'the long query to run' },
    );
    await work();
  } finally {
    over = true;
    await admin.query('SELECT pg_cancel_backend($1)', [processID]);
    await ended;
    await client.end();
  }
  return { answers };
}
