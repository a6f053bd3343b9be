import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../src/local/embedded-postgres.ts';
import { tryProcessLock } from '../../src/local/process-lock.ts';
import { stackFolder } from '../../src/local/stack-file.ts';
import { startTemporal, stopLeftTemporal } from '../../src/local/temporal-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Superuser on the PostgreSQL of this run, database `postgres`. */
    adminUrl: string;
    /** `host:port` of the Temporal development server of this run. */
    temporalAddress: string;
  }
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const log = (line: string): boolean => process.stderr.write(`${line}\n`);

/** One PostgreSQL and one Temporal server for the whole run, empty at its start; what a killed run left behind is taken over and cleaned. */
export default async function startServers(project: TestProject): Promise<() => Promise<void>> {
  const { folder, release } = claimFolder();
  try {
    const [postgres, temporal] = await Promise.allSettled([startEmptyPostgres(folder), startEmptyTemporal(folder)]);
    const stopAll = async (): Promise<void> => {
      const started = [postgres, temporal].filter((outcome) => outcome.status === 'fulfilled');
      await Promise.all(started.map(({ value }) => value.stop()));
      release();
    };
    if (postgres.status === 'rejected' || temporal.status === 'rejected') {
      await stopAll();
      throw postgres.status === 'rejected' ? postgres.reason : (temporal as PromiseRejectedResult).reason;
    }
    project.provide('adminUrl', postgres.value.adminUrl);
    project.provide('temporalAddress', temporal.value.address);
    return stopAll;
  } catch (error) {
    release();
    throw error;
  }
}

/** Runs side by side in one clone keep apart; a folder that nobody holds is used again, which saves making a data folder. */
function claimFolder(): { folder: string; release: () => void } {
  for (let slot = 1; ; slot += 1) {
    const folder = join(stackFolder(ROOT), 'test', String(slot));
    const lock = tryProcessLock(`${folder}.lock`);
    if (lock.held) return { folder, release: () => lock.release() };
  }
}

async function startEmptyPostgres(folder: string) {
  // Test data may go with the power: without fsync the suites spend their time on statements.
  const server = await startPostgres({
    dataFolder: join(folder, 'postgres'),
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
  });
  const client = new pg.Client({ connectionString: server.adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `select datname as name from pg_database where datname not in ('postgres', 'template0', 'template1')`,
    );
    for (const { name } of rows) {
      await client.query(`alter database ${client.escapeIdentifier(name)} is_template false`);
      await client.query(`drop database ${client.escapeIdentifier(name)} with (force)`);
    }
  } finally {
    await client.end();
  }
  return server;
}

async function startEmptyTemporal(folder: string) {
  const database = join(folder, 'temporal');
  const databaseFile = join(database, 'temporal.db');
  if (existsSync(database)) {
    await stopLeftTemporal(databaseFile);
    rmSync(database, { recursive: true });
  }
  mkdirSync(database, { recursive: true });
  return startTemporal({ databaseFile, log });
}
