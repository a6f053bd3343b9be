import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { PostgresServer } from './embedded-postgres.ts';
import { startPostgres } from './embedded-postgres.ts';
import type { LockAttempt } from './process-lock.ts';
import { tryProcessLock } from './process-lock.ts';
import { readStackPorts, writeStackPorts } from './stack-ports.ts';
import type { StackPorts } from './stack-ports.ts';
import { answersAsTemporal } from './temporal-health.ts';
import { NAMESPACE, startTemporal } from './temporal-server.ts';

export interface StackOptions {
  /** Data, logs and addresses live here and are kept between runs. */
  readonly folder: string;
  /** One line for people. */
  readonly log: (line: string) => void;
  /** TEMPORAL_ADDRESS (and TEMPORAL_NAMESPACE) name a server to use instead of starting one. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface Stack {
  readonly folder: string;
  readonly postgres: PostgresServer;
  readonly adminUrl: string;
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  /** Null where the Temporal server is not ours. */
  readonly temporalUi: string | null;
  /** Stops what is ours; the data stays. */
  stop(): Promise<void>;
}

type Lock = Extract<LockAttempt, { held: true }>;

interface TemporalPart {
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string | null;
  readonly ports: { readonly grpc: number; readonly ui: number } | null;
  readonly how: 'started' | 'adopted' | 'used as TEMPORAL_ADDRESS says';
  stop(): Promise<void>;
}

/**
 * PostgreSQL and Temporal for one folder, side by side on 127.0.0.1, on the ports they had last time where those are free.
 * What an earlier, killed run left running is adopted. Rejects if another process keeps the stack of this folder, and with both
 * servers stopped if one of them does not start. Databases and roles are the caller's to make.
 */
export async function startStack({ folder: given, log, env = process.env }: StackOptions): Promise<Stack> {
  const folder = resolve(given);
  mkdirSync(folder, { recursive: true });
  const lock = tryProcessLock(join(folder, 'stack.lock'));
  if (!lock.held) throw new Error(alreadyKept(folder, lock.owner.pid));
  try {
    const ports = readStackPorts(folder);
    const [postgres, temporal] = await bothOrNeither(
      startPostgres({ dataFolder: join(folder, 'postgres'), ...(ports.postgres ? { port: ports.postgres } : {}) }),
      env['TEMPORAL_ADDRESS'] ? useTemporal(env['TEMPORAL_ADDRESS'], env) : startOwnTemporal(folder, ports, log),
    );
    writeStackPorts(folder, {
      postgres: postgres.port,
      ...(temporal.ports ? { temporal: temporal.ports.grpc, temporalUi: temporal.ports.ui } : {}),
    });
    log(`PostgreSQL: ${postgres.how}, ${postgres.host}:${postgres.port}`);
    log(`Temporal: ${temporal.how}, ${temporal.address}${temporal.uiUrl ? `, UI ${temporal.uiUrl}` : ''}`);
    return describeStack(folder, postgres, temporal, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

function describeStack(folder: string, postgres: PostgresServer, temporal: TemporalPart, lock: Lock): Stack {
  return {
    folder,
    postgres,
    adminUrl: postgres.adminUrl,
    temporalAddress: temporal.address,
    temporalNamespace: temporal.namespace,
    temporalUi: temporal.uiUrl,
    async stop() {
      try {
        await Promise.all([postgres.stop(), temporal.stop()]);
      } finally {
        lock.release();
      }
    },
  };
}

function startOwnTemporal(folder: string, ports: StackPorts, log: StackOptions['log']): Promise<TemporalPart> {
  return startTemporal({
    databaseFile: join(folder, 'temporal', 'temporal.db'),
    ports: {
      ...(ports.temporal ? { grpc: ports.temporal } : {}),
      ...(ports.temporalUi ? { ui: ports.temporalUi } : {}),
    },
    log,
  });
}

async function useTemporal(address: string, env: NodeJS.ProcessEnv): Promise<TemporalPart> {
  const namespace = env['TEMPORAL_NAMESPACE'] || NAMESPACE;
  if (!(await answersAsTemporal(address, namespace, 5_000))) {
    throw new Error(
      `TEMPORAL_ADDRESS names ${address}, but no Temporal server with the namespace ${namespace} answers there without TLS. ` +
        'Start it or correct the address; unset TEMPORAL_ADDRESS to have a server started here.',
    );
  }
  return {
    address,
    namespace,
    uiUrl: null,
    ports: null,
    how: 'used as TEMPORAL_ADDRESS says',
    stop: async () => undefined,
  };
}

/** Side by side; if one fails, what the other started is stopped before the failure is passed on. */
async function bothOrNeither<A extends { stop(): Promise<void> }, B extends { stop(): Promise<void> }>(
  first: Promise<A>,
  second: Promise<B>,
): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === 'fulfilled' && b.status === 'fulfilled') return [a.value, b.value];
  if (a.status === 'fulfilled') await a.value.stop();
  if (b.status === 'fulfilled') await b.value.stop();
  const reasons = [a, b].filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason as Error);
  if (reasons.length === 1) throw reasons[0] as Error;
  throw new AggregateError(reasons, reasons.map(({ message }) => message).join('\n'));
}

function alreadyKept(folder: string, pid: number): string {
  return (
    `The stack in ${folder} is kept by process ${pid} already. Use it (its addresses are in ${join(folder, 'stack.json')}), ` +
    `or stop it with Ctrl-C there or \`kill ${pid}\`.`
  );
}
