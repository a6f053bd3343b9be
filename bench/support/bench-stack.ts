import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type pg from 'pg';
import { startPostgres } from '../../src/local/embedded-postgres.ts';
import { bringUp } from '../../src/local/local-stack-with-example.ts';
import { readTemporalRecord } from '../../src/local/temporal-record.ts';
import { stopLeftTemporal } from '../../src/local/temporal-server.ts';
import { createPool } from '../../src/warehouse/session.ts';
import { withBenchFolder } from './bench-folder.ts';
import { stopOnSignals } from './stop-on-signals.ts';

/** Servers and a worker of a bench's own, with the example in a fresh database; the live pipeline stands still. */
export interface BenchStack {
  /** Superuser on the example's database. */
  readonly admin: pg.Pool;
  /** The role that backfills work with. */
  readonly worker: pg.Pool;
  readonly client: Client;
  /** Of the worker process; null while it is started again. */
  workerPid(): number | null;
  readonly temporalPid: number | null;
  /** Of the server that all its backends are children of. */
  readonly postgresPid: number;
}

export interface BenchStackOptions {
  readonly eventsPerDay: number;
  readonly log: (line: string) => void;
}

/** Statements are timed on the server, their planning included. */
const SETTINGS = { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track_planning': 'on' };

/**
 * Everything is started here and stopped at the end, also on Ctrl-C. The seeded database is kept in `.backfill/bench`:
 * at 20,000 events a day it takes one to two minutes to make, and a copy of it some seconds.
 */
export async function withBenchStack<T>(
  options: BenchStackOptions,
  use: (stack: BenchStack) => Promise<T>,
): Promise<T> {
  return withBenchFolder((folder) => onServers(folder, options, use));
}

async function onServers<T>(
  folder: string,
  { eventsPerDay, log }: BenchStackOptions,
  use: (stack: BenchStack) => Promise<T>,
): Promise<T> {
  const databaseFile = await removeOldHistories(folder);
  // Started with the settings above, it is then taken over by the stack as it runs.
  const postgres = await startPostgres({ dataFolder: join(folder, 'postgres'), settings: SETTINGS });
  let stop = (): Promise<void> => postgres.stop();
  const stopped = stopOnSignals(() => stop());
  try {
    const env = { ...process.env, TEMPORAL_ADDRESS: '' };
    const running = await bringUp({ folder, eventsPerDay, log, env, pipeline: false, fresh: true });
    stop = () => running.stop();
    const temporalPid = readTemporalRecord(databaseFile)?.pid ?? null;
    const pids = { workerPid: () => running.worker?.pid ?? null, temporalPid, postgresPid: postgres.pid };
    return await connected(running.stack, pids, use);
  } finally {
    await stop();
    stopped();
  }
}

/**
 * Runs that a killed bench left in the server's database would be taken up again, in the middle of the measuring. Answers
 * where the next database will be.
 */
export async function removeOldHistories(folder: string): Promise<string> {
  const databaseFile = join(folder, 'temporal', 'temporal.db');
  await stopLeftTemporal(databaseFile);
  rmSync(dirname(databaseFile), { recursive: true, force: true });
  return databaseFile;
}

async function connected<T>(
  urls: { readonly adminUrl: string; readonly warehouseUrl: string; readonly temporalAddress: string },
  processes: Pick<BenchStack, 'workerPid' | 'temporalPid' | 'postgresPid'>,
  use: (stack: BenchStack) => Promise<T>,
): Promise<T> {
  const admin = createPool(urls.adminUrl, 2);
  const worker = createPool(urls.warehouseUrl, 4);
  try {
    const connection = await Connection.connect({ address: urls.temporalAddress });
    try {
      return await use({ ...processes, admin, worker, client: new Client({ connection }) });
    } finally {
      await connection.close();
    }
  } finally {
    await Promise.all([admin.end(), worker.end()]);
  }
}
