import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { derivedRolePassword } from '../../examples/daily-revenue/roles.ts';
import { seedDailyRevenue } from '../../examples/daily-revenue/seed.ts';
import { onDatabase } from '../../examples/daily-revenue/with-client.ts';
import type { PostgresServer } from '../../src/local/embedded-postgres.ts';
import { startPostgres } from '../../src/local/embedded-postgres.ts';
import { freePort } from '../../src/local/free-port.ts';
import { inspectProcess } from '../../src/local/process-table.ts';
import type { TemporalServer } from '../../src/local/temporal-server.ts';
import { startTemporal } from '../../src/local/temporal-server.ts';
import { waitFor } from './wait-for.ts';
import type { World } from './world.ts';
import { installFor, worldOn } from './world.ts';

/** A server that can be killed and comes back on its port with its data. */
export interface Killable {
  /** SIGKILL: no goodbye, no flush. Resolves when the process is gone. */
  kill(): Promise<void>;
  restart(): Promise<void>;
}

/** A world on servers that nobody else uses. */
export interface OwnWorld {
  readonly world: World;
  readonly postgres: Killable;
  readonly temporal: Killable;
  readonly end: () => Promise<void>;
}

const DATABASE = 'warehouse';

export async function createOwnWorld(eventsPerDay: number): Promise<OwnWorld> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'backfill-servers-')));
  const postgresOptions = (port: number) => ({
    dataFolder: join(folder, 'postgres'),
    port,
    // Commits survive the end of a process without fsync; they would not survive it without synchronous_commit.
    settings: { fsync: 'off', full_page_writes: 'off', shared_buffers: '64MB' },
  });
  const temporalOptions = (ports: { grpc: number }) => ({
    databaseFile: join(folder, 'temporal', 'temporal.db'),
    ports,
    log: (line: string) => void process.stderr.write(`${line}\n`),
  });
  let postgres: PostgresServer = await startPostgres(postgresOptions(quietPort()));
  let temporal: TemporalServer = await startTemporal(temporalOptions({ grpc: quietPort() }));
  const stop = async (): Promise<void> => {
    await temporal.stop();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const rolePassword = derivedRolePassword(postgres.adminUrl);
    const { urls } = await seedDailyRevenue(postgres.adminUrl, { database: DATABASE, eventsPerDay, rolePassword });
    const adminUrl = onDatabase(postgres.adminUrl, DATABASE);
    await installFor(adminUrl);
    const ground = { adminUrl, urls, temporalAddress: temporal.address, dropDatabase: () => Promise.resolve() };
    const world = await worldOn(ground);
    return {
      world,
      postgres: {
        kill: () => killHard(postgres.pid, postgres.port),
        restart: async () => {
          const { port } = postgres;
          postgres = await startPostgres(postgresOptions(port));
          if (postgres.port !== port) throw new Error(`port ${port} was taken while PostgreSQL was down`);
        },
      },
      temporal: {
        kill: () => killHard(temporal.pid, temporal.ports.grpc),
        restart: async () => {
          const { ports } = temporal;
          temporal = await startTemporal(temporalOptions(ports));
          if (temporal.ports.grpc !== ports.grpc)
            throw new Error(`port ${ports.grpc} was taken while Temporal was down`);
        },
      },
      end: async () => {
        await world.end();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Below the ports that the system gives to outgoing connections: a worker that tries again and again to reach a dead server
 * would sooner or later be given that very port, and connect to itself.
 */
function quietPort(): number {
  return 10_000 + Math.floor(Math.random() * 20_000);
}

/** Gone with its port: a killed process of many threads keeps its sockets for a moment after it looks dead. */
async function killHard(pid: number, port: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await waitFor(async () => inspectProcess(pid) === null && (await freePort(port)) === port, {
    timeoutMs: 10_000,
    describe: `process ${pid} to be gone from port ${port}`,
  });
}
