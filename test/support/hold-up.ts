import { changedContracts } from './contracts.ts';
import { waitFor } from './wait-for.ts';
import type { World } from './world.ts';

/** Where a backfill can be stopped inside its own statements, so that a test meets it there without haste. */
export interface HoldUp {
  /** Contracts whose statements stop at the points; `insert` and `check` name a partition and the first day of a batch. */
  readonly contracts: string;
  /** Resolves when a session of the backfill has come to the point. */
  reached(point: Point): Promise<void>;
  /** Cancels the statements that stand at the point, as an administrator may. */
  cancel(point: Point): Promise<void>;
  stopAt(point: Point): Promise<void>;
  letGo(point: Point): Promise<void>;
}

/**
 * `insert`: while a partition's rows are written. `check`: while a batch is reconciled. `reply`: everything is committed,
 * the activity has not answered. `switch`: inside the publishing transaction. `published`: after its commit.
 */
export type Point = 'insert' | 'check' | 'reply' | 'switch' | 'published';

/** Who sleeps at a point shows it by an advisory lock of this class that nobody waits for. */
const MARK = 715_204;

/** A sleep that ends with a committed row: unlike a lock it outlasts a server that is killed. */
const MAKE = `
  CREATE TABLE staging.held (point text PRIMARY KEY);
  CREATE FUNCTION staging.hold(p text) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $$
  BEGIN
    WHILE EXISTS (SELECT FROM staging.held WHERE point = p) LOOP
      PERFORM pg_advisory_xact_lock_shared(${MARK}, hashtext(p)), pg_sleep(0.02);
    END LOOP;
    RETURN true;
  END $$;
  CREATE FUNCTION staging.hold_row() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
  BEGIN PERFORM staging.hold(TG_ARGV[0]); RETURN NEW; END $$;
  CREATE TRIGGER held BEFORE UPDATE ON governance.backfill_attempts FOR EACH ROW EXECUTE FUNCTION staging.hold_row('reply');
  CREATE TRIGGER held BEFORE INSERT ON governance.data_releases FOR EACH ROW EXECUTE FUNCTION staging.hold_row('switch');
  CREATE TRIGGER held BEFORE INSERT ON governance.announcements FOR EACH ROW WHEN (NEW.kind = 'published') EXECUTE FUNCTION staging.hold_row('published')`;

const STANDING = `FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND classid = $1 AND objid::bigint = hashtext($2)::bigint & 4294967295`;

/** Makes the points; the caller says at which of them the backfill stops. */
export async function holdUp(
  { admin }: World,
  at: { readonly insert: string; readonly check: string },
): Promise<HoldUp> {
  await admin.query(MAKE);
  const contracts = await changedContracts({
    // Only in a lane: planning and proofs read the same text, of samples that nobody chose.
    'transforms/daily_revenue.corrected.v2.sql': wrapped(
      `:partition_start <> '${at.insert}' OR current_setting('application_name') !~ '/[0-9]+$' OR (SELECT staging.hold('insert'))`,
    ),
    'totals/gross_by_day.sql': wrapped(
      `:range_start <> '${at.check}' OR current_setting('application_name') !~ '/[0-9]+$' OR (SELECT staging.hold('check'))`,
    ),
  });
  return {
    contracts,
    reached: async (point) => {
      await waitFor(async () => (await admin.query(`SELECT pid ${STANDING}`, [MARK, point])).rowCount !== 0, {
        timeoutMs: 60_000,
        everyMs: 10,
        describe: `the backfill to come to ${point}`,
      });
    },
    cancel: async (point) => {
      await admin.query(`SELECT pg_cancel_backend(pid) ${STANDING}`, [MARK, point]);
    },
    stopAt: async (point) => {
      await admin.query('INSERT INTO staging.held VALUES ($1)', [point]);
    },
    letGo: async (point) => {
      await admin.query('DELETE FROM staging.held WHERE point = $1', [point]);
    },
  };
}

function wrapped(condition: string): (text: string) => string {
  return (text) => `SELECT held.* FROM (\n${text.trim().replace(/;$/, '')}\n) held WHERE ${condition}`;
}
