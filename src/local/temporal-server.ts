import { resolve } from 'node:path';
import { endProcess } from './end-process.ts';
import { findTemporal } from './find-temporal.ts';
import { freePort } from './free-port.ts';
import { launchTemporal } from './launch-temporal.ts';
import { isRunning } from './process-table.ts';
import { answersAsTemporal } from './temporal-health.ts';
import type { TemporalRecord } from './temporal-record.ts';
import { readTemporalRecord, removeTemporalRecord } from './temporal-record.ts';

export interface TemporalOptions {
  /** Workflow histories live here and outlast the server; its folder holds the server's log and record too. */
  readonly databaseFile: string;
  /** Used where they are free, else others are picked. */
  readonly ports?: { readonly grpc?: number; readonly ui?: number };
  /** One line for people, where something takes long or is out of the ordinary. */
  readonly log: (line: string) => void;
}

export interface TemporalServer {
  /** `host:port` of the gRPC service. */
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string;
  readonly ports: { readonly grpc: number; readonly ui: number };
  readonly pid: number;
  readonly how: 'started' | 'adopted';
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
export const NAMESPACE = 'default';

/** A Temporal development server with its web UI on 127.0.0.1; one that an earlier, killed run left on this database is adopted. */
export async function startTemporal({ databaseFile, ports = {}, log }: TemporalOptions): Promise<TemporalServer> {
  const file = resolve(databaseFile);
  const left = readTemporalRecord(file);
  if (left !== null && (await answersAsTemporal(`${HOST}:${left.port}`, NAMESPACE, 5_000))) {
    return describeServer(file, left, 'adopted');
  }
  await stopLeftTemporal(file);
  const { path } = await findTemporal(process.env, log);
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort(ports.grpc);
    const uiPort = await freePort(ports.ui === port ? 0 : ports.ui);
    const launched = await launchTemporal({
      program: path,
      databaseFile: file,
      host: HOST,
      namespace: NAMESPACE,
      port,
      uiPort,
    });
    if (launched.kind === 'ready') return describeServer(file, launched.record, 'started');
    if (!launched.portTaken || attempt >= 5) throw new Error(launched.message);
  }
}

/** Ends a server that an earlier run left on this database file; resolves when it is gone, at once where there is none. */
export async function stopLeftTemporal(databaseFile: string): Promise<void> {
  const file = resolve(databaseFile);
  const left = readTemporalRecord(file);
  if (left !== null) await stop(file, left, 3_000);
}

/** It takes one to two seconds to stop by itself; the database is safe against a kill too. */
async function stop(databaseFile: string, record: TemporalRecord, graceMs: number): Promise<void> {
  if (isRunning(record)) await endProcess(record, { signal: 'SIGTERM', force: 'SIGKILL', graceMs });
  removeTemporalRecord(databaseFile);
}

function describeServer(databaseFile: string, record: TemporalRecord, how: TemporalServer['how']): TemporalServer {
  const { pid, port, uiPort } = record;
  return {
    address: `${HOST}:${port}`,
    namespace: NAMESPACE,
    uiUrl: `http://${HOST}:${uiPort}`,
    ports: { grpc: port, ui: uiPort },
    pid,
    how,
    stop: () => stop(databaseFile, record, 10_000),
  };
}
