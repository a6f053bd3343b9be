import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import type { DataFolderState } from './data-folder-lock.ts';
import { clearStaleLock, dataFolderState } from './data-folder-lock.ts';
import { endProcess } from './end-process.ts';
import { freePort } from './free-port.ts';
import { hydrateBinaries } from './hydrate-binaries.ts';
import { initDataFolder, readPassword, SUPERUSER } from './init-data-folder.ts';
import { launchPostgres } from './launch-postgres.ts';
import { waitUntil } from './wait-until.ts';

export interface PostgresOptions {
  /** Made if it is not there; kept when the server stops. */
  readonly dataFolder: string;
  /** Used if it is free, else another one is picked. */
  readonly port?: number;
  /** Server settings on top of the defaults, e.g. `{ fsync: 'off' }`. An adopted server keeps those that it was started with. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface PostgresServer {
  /** Superuser, database `postgres`; holds the password. */
  readonly adminUrl: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  readonly how: 'started' | 'adopted' | 'restarted after a crash';
  /** Fast shutdown: open transactions are rolled back. Resolves when the server is gone. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';

const DEFAULT_SETTINGS = {
  // A statement whose client died is noticed and ended, instead of running beside the retry of the same work.
  client_connection_check_interval: '5s',
  // A rebuild of eighteen months writes more WAL than the default 1 GB: fewer checkpoints in the middle of it.
  max_wal_size: '4GB',
  shared_buffers: '256MB',
  max_connections: '100',
};

type Live = Extract<DataFolderState, { kind: 'live' }>;

/**
 * A real PostgreSQL server on 127.0.0.1 over the given data folder. A server that an earlier, killed run left on this folder is adopted;
 * the lock file of a dead one is cleared. Rejects with the server's own last words where it does not start.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const dataFolder = resolve(options.dataFolder);
  const binaries = hydrateBinaries();
  let how: PostgresServer['how'] = 'adopted';
  for (let attempt = 1; ; attempt += 1) {
    const state = await whenDrained(dataFolder);
    if (state.kind === 'live') {
      const live = await whenReady(dataFolder);
      if (live !== null) return describeServer(dataFolder, live, how);
      continue;
    }
    how = state.kind === 'stale' ? 'restarted after a crash' : 'started';
    if (state.kind === 'stale') clearStaleLock(dataFolder);
    await initDataFolder(dataFolder, binaries);
    const port = await freePort(options.port);
    const failure = await launchPostgres({
      dataFolder,
      binaries,
      settings: { listen_addresses: HOST, port: String(port), ...DEFAULT_SETTINGS, ...options.settings },
    });
    if (failure === null) continue;
    // Another process was quicker on this folder: what it started is adopted. Or on the port: take another one.
    if (dataFolderState(dataFolder).kind === 'live') how = 'adopted';
    else if (!failure.portTaken || attempt >= 5) throw new Error(failure.message);
  }
}

/** Backends outlive a killed postmaster for a moment; until they are gone nothing may be started or cleaned. */
async function whenDrained(dataFolder: string): Promise<Exclude<DataFolderState, { kind: 'draining' }>> {
  return waitUntil(
    () => {
      const state = dataFolderState(dataFolder);
      return state.kind === 'draining' ? null : state;
    },
    { timeoutMs: 30_000, everyMs: 50, describe: () => `${describeLeft(dataFolder)} to let go of ${dataFolder}` },
  );
}

function describeLeft(dataFolder: string): string {
  const state = dataFolderState(dataFolder);
  return state.kind === 'draining'
    ? `the processes ${state.pids.join(', ')} of a dead server`
    : 'the processes of a dead server';
}

/** Null if the server went away meanwhile. */
async function whenReady(dataFolder: string): Promise<Live | null> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const state = dataFolderState(dataFolder);
    if (state.kind !== 'live') return null;
    if (state.ready && (await answers(dataFolder, state.port))) return state;
    if (Date.now() > deadline) {
      throw new Error(
        `The PostgreSQL server (process ${state.postmaster.pid}) on ${dataFolder} does not get ready; see ${dataFolder}.log`,
      );
    }
    await pause(10);
  }
}

/** The status in the lock file and one real query, which also proves that the port leads to this folder's server. */
async function answers(dataFolder: string, port: number): Promise<boolean> {
  const client = new Client({ connectionString: superuserUrl(dataFolder, port), connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined); // The same failure rejects the call that is under way.
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    return rows[0] !== undefined && realpathSync(rows[0].data_directory) === realpathSync(dataFolder);
  } catch (error) {
    if ((error as { code?: string }).code === '28P01') throw refusedPassword(dataFolder, error);
    return false;
  } finally {
    await client.end().catch(() => undefined); // Nothing to close where it never connected.
  }
}

function refusedPassword(dataFolder: string, cause: unknown): Error {
  return new Error(
    `The PostgreSQL server on ${dataFolder} refuses the password of user ${SUPERUSER} kept in that folder. ` +
      'If the password was changed, change it back; if the data may go, stop that server and remove the folder.',
    { cause },
  );
}

function superuserUrl(dataFolder: string, port: number): string {
  return `postgres://${SUPERUSER}:${readPassword(dataFolder)}@${HOST}:${port}/postgres`;
}

function describeServer(dataFolder: string, { postmaster, port }: Live, how: PostgresServer['how']): PostgresServer {
  return {
    adminUrl: superuserUrl(dataFolder, port),
    host: HOST,
    port,
    pid: postmaster.pid,
    how,
    stop: () => endProcess(postmaster, { signal: 'SIGINT', force: 'SIGQUIT', graceMs: 30_000 }),
  };
}
