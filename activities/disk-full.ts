import pg from 'pg';
import type { GateStop } from '../src/protocol/activities.ts';
import type { Session } from '../src/warehouse/session.ts';
import { withRollback } from '../src/warehouse/session.ts';
import { sql } from '../src/warehouse/sql.ts';
import { DISK_FULL } from '../src/warehouse/sqlstate.ts';

/** 16 MB in rows of 1 kB: more than a session keeps in its own buffers, so that the server really asks for room. */
const TRIAL_ROWS = 16_384;

/** Why work cannot go on, where the error says that the disk of the warehouse is full; null for any other error. */
export function diskFullReason(error: unknown): string | null {
  if (!(error instanceof pg.DatabaseError) || error.code !== DISK_FULL) return null;
  return `the disk of the warehouse is full (${error.message}); free space on the server, work goes on by itself`;
}

/**
 * A full disk is no fault of the work that met it: what was committed stays, and the gate closes until there is room.
 * The result up to there is counted by `stopped`, in a transaction of its own.
 */
export async function closedByFullDisk<T>(work: Promise<T>, stopped: (stop: GateStop) => Promise<T> | T): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const reason = diskFullReason(error);
    if (reason === null) throw error;
    return stopped({ kind: 'gate', reason, diskFull: true });
  }
}

/** Takes the room that a partition may need and gives it back; fails as a rebuild would while there is none. */
export function writeOnTrial(session: Session): Promise<void> {
  return withRollback(session, async () => {
    await session.change(
      sql(
        `CREATE TEMP TABLE backfill_trial ON COMMIT DROP AS SELECT repeat('x', 1000) FROM generate_series(1, ${TRIAL_ROWS})`,
      ),
    );
  });
}
