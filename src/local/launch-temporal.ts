import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { endProcess } from './end-process.ts';
import { inspectProcess } from './process-table.ts';
import { answersAsTemporal } from './temporal-health.ts';
import type { TemporalRecord } from './temporal-record.ts';
import { removeTemporalRecord, writeTemporalRecord } from './temporal-record.ts';
import { waitUntil } from './wait-until.ts';

export interface LaunchTemporalOptions {
  readonly program: string;
  readonly databaseFile: string;
  readonly host: string;
  readonly namespace: string;
  readonly port: number;
  readonly uiPort: number;
}

export type TemporalLaunch =
  | { readonly kind: 'ready'; readonly record: TemporalRecord }
  | { readonly kind: 'ended'; readonly message: string; readonly portTaken: boolean };

/** Starts the server process and waits for its first answer. The record is written before that, so that a killed starter's server is found. */
export async function launchTemporal(options: LaunchTemporalOptions): Promise<TemporalLaunch> {
  const { program, databaseFile, host, namespace, port, uiPort } = options;
  mkdirSync(dirname(databaseFile), { recursive: true });
  const logFile = `${databaseFile}.log`;
  if (existsSync(logFile)) renameSync(logFile, `${logFile}.previous`);
  const log = openSync(logFile, 'a');
  const child = spawn(program, commandLine(options), { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  let ended: string | null = null;
  child.once('error', (error) => (ended = error.message));
  child.once('exit', (code, signal) => (ended = `it ended with ${signal ?? `exit code ${String(code)}`}`));
  child.unref();
  const found = child.pid === undefined ? null : inspectProcess(child.pid);
  const record = found === null ? null : { pid: found.pid, startedAt: found.startedAt, port, uiPort };
  if (record !== null) writeTemporalRecord(databaseFile, record);
  try {
    await waitUntil(
      () => ended !== null || (record !== null && answersAsTemporal(`${host}:${port}`, namespace, 1_000)),
      {
        timeoutMs: 90_000,
        everyMs: 50,
        describe: `the Temporal server to answer on ${host}:${port}; see ${logFile}`,
      },
    );
  } catch (error) {
    if (record !== null) await endProcess(record, { signal: 'SIGTERM', force: 'SIGKILL', graceMs: 2_000 });
    throw error;
  }
  if (ended === null && record !== null) return { kind: 'ready', record };
  removeTemporalRecord(databaseFile);
  const said = lastLines(logFile);
  const message = `The Temporal server did not start: ${ended ?? 'it ended at once'}${said ? `; it said: ${said}` : ''} (log: ${logFile})`;
  return { kind: 'ended', message, portTaken: /address already in use|port .* in use/i.test(said) };
}

function commandLine({ databaseFile, host, port, uiPort }: LaunchTemporalOptions): string[] {
  return [
    ...['server', 'start-dev', '--ip', host, '--port', String(port), '--ui-port', String(uiPort)],
    ...['--db-filename', databaseFile, '--sqlite-pragma', 'journal_mode=wal'],
    // By default a development server hands tasks over in beats of 50 ms (20 a second); with this an activity costs 25 ms instead of 100.
    ...['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=2000'],
    ...['--ui-disable-news-fetch', '--log-level', 'warn', '--log-format', 'text'],
  ];
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').slice(-4).join(' | ');
}
