import { onDatabase } from '../../examples/daily-revenue/with-client.ts';
import { createPool, SHORT, withSession } from '../warehouse/session.ts';
import { sql } from '../warehouse/sql.ts';

const DEFAULT_EVENTS_PER_DAY = 2_000;

interface Seeded {
  readonly eventsPerDay: number | null;
  /** A backfill of the ledger whose tables a new seeding would drop. */
  readonly backfill: string | null;
}

/**
 * The size to seed with: the one that is asked for, or the one that is there. Another size builds the example's tables anew, so it is
 * refused while the ledger has backfills over them.
 */
export async function eventsPerDayToSeed(
  adminUrl: string,
  database: string,
  wanted: number | undefined,
): Promise<number> {
  const { eventsPerDay, backfill } = await readSeeded(adminUrl, database);
  if (eventsPerDay === null || wanted === eventsPerDay) return wanted ?? DEFAULT_EVENTS_PER_DAY;
  if (wanted === undefined) return eventsPerDay;
  if (backfill === null) return wanted;
  throw new Error(
    `The example holds ${eventsPerDay} events a day and backfill ${backfill} was run over it; building it anew with ${wanted} would leave that ledger without its tables. ` +
      'Leave the size as it is, or remove the folder .backfill to begin anew.',
  );
}

async function readSeeded(adminUrl: string, database: string): Promise<Seeded> {
  const there = await once(
    adminUrl,
    'postgres',
    'SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1) AS found',
    database,
  );
  if (there['found'] !== true) return { eventsPerDay: null, backfill: null };
  const { label, ledger } = await once(
    adminUrl,
    database,
    `SELECT obj_description(to_regnamespace('staging')::oid, 'pg_namespace') AS label, to_regclass('governance.backfill_runs') IS NOT NULL AS ledger`,
  );
  const size = /(\d+) events a day/.exec(typeof label === 'string' ? label : '')?.[1];
  const run =
    ledger === true
      ? await once(
          adminUrl,
          database,
          'SELECT (SELECT backfill_id FROM governance.backfill_runs ORDER BY ended_at NULLS FIRST LIMIT 1) AS backfill',
        )
      : {};
  const backfill = run['backfill'];
  return {
    eventsPerDay: size === undefined ? null : Number(size),
    backfill: typeof backfill === 'string' ? backfill : null,
  };
}

async function once(
  adminUrl: string,
  database: string,
  text: string,
  ...values: readonly string[]
): Promise<Record<string, unknown>> {
  const pool = createPool(onDatabase(adminUrl, database), 1);
  try {
    return await withSession(pool, SHORT, (session) => session.one<Record<string, unknown>>(sql(text, ...values)));
  } finally {
    await pool.end();
  }
}
