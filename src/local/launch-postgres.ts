import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolderState } from './data-folder-lock.ts';
import type { PostgresBinaries } from './hydrate-binaries.ts';
import { unprivilegedCommand } from './unprivileged-command.ts';
import { waitUntil } from './wait-until.ts';

export interface LaunchFailure {
  /** What the server said last, and where the rest stands. */
  readonly message: string;
  readonly portTaken: boolean;
}

export interface LaunchOptions {
  readonly dataFolder: string;
  readonly binaries: PostgresBinaries;
  readonly settings: Readonly<Record<string, string>>;
}

/** Starts the server process; null when it is ready, after crash recovery too, and the reason when it ended instead. */
export async function launchPostgres({ dataFolder, binaries, settings }: LaunchOptions): Promise<LaunchFailure | null> {
  const logFile = `${dataFolder}.log`;
  if (existsSync(logFile)) renameSync(logFile, `${logFile}.previous`);
  const log = openSync(logFile, 'a');
  const { command, args } = unprivilegedCommand({
    command: join(binaries.folder, 'postgres'),
    args: [
      '-D',
      dataFolder,
      '-c',
      'unix_socket_directories=',
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
  });
  // A session of its own: Ctrl-C in the terminal must not reach it, and it goes on if this process is killed.
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...binaries.env },
  });
  closeSync(log);
  let ended: string | null = null;
  child.once('error', (error) => (ended = error.message));
  child.once('exit', (code, signal) => (ended = `it ended with ${signal ?? `exit code ${String(code)}`}`));
  child.unref();
  await waitUntil(() => ended !== null || isReady(dataFolder, child.pid), {
    timeoutMs: 300_000,
    everyMs: 10,
    describe: `PostgreSQL to start on ${dataFolder}; see ${logFile}`,
  });
  if (ended === null) return null;
  const said = lastLines(logFile);
  return {
    message: `PostgreSQL did not start on ${dataFolder}: ${ended as string}${said ? `; it said: ${said}` : ''} (log: ${logFile})`,
    portTaken: /could not bind|address already in use/i.test(said),
  };
}

/** By pid: another process may have started a server on the folder at the same moment, and then ours is about to end. */
function isReady(dataFolder: string, pid: number | undefined): boolean {
  const state = dataFolderState(dataFolder);
  return state.kind === 'live' && state.ready && state.postmaster.pid === pid;
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').slice(-6).join(' | ');
}
