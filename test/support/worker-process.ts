import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import { waitFor } from './wait-for.ts';
import type { World } from './world.ts';

export interface WorkerProcess {
  readonly pid: number;
  /** Resolves when the server knows it as a poller of its queue. */
  ready(): Promise<void>;
  /** No goodbye: the process is gone, its statements are not. */
  kill(signal?: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
  exited(): Promise<void>;
  stop(): Promise<void>;
}

const STOP_MS = 15_000;
const MAIN = fileURLToPath(new URL('../../dist/worker/main.js', import.meta.url));

/** A worker as it runs in life: a process of its own. Its task queue is `<prefix>-backfill`. */
export function spawnWorker(setup: {
  readonly warehouseUrl: string;
  readonly temporalAddress: string;
  readonly contracts: string;
  readonly reports: string;
  readonly prefix: string;
}): WorkerProcess {
  const child = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'ignore', 'inherit'],
    cwd: setup.reports,
    env: {
      ...process.env,
      BACKFILL_WAREHOUSE_URL: setup.warehouseUrl,
      TEMPORAL_ADDRESS: setup.temporalAddress,
      BACKFILL_CONTRACTS: setup.contracts,
      BACKFILL_REPORTS: setup.reports,
      BACKFILL_ALLOW_DIRTY_CONTRACTS: '1',
      BACKFILL_TASK_QUEUE_PREFIX: setup.prefix,
      BACKFILL_LOG_LEVEL: 'error',
    },
  });
  const ended = once(child, 'exit');
  return {
    pid: child.pid ?? 0,
    ready: () => polls(child.pid ?? 0, setup),
    kill: (signal = 'SIGKILL') => child.kill(signal),
    exited: async () => {
      await ended;
    },
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        // A worker whose Temporal server is gone does not find its way out.
        const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
        await ended;
        clearTimeout(force);
      }
    },
  };
}

/** TASK_QUEUE_TYPE_WORKFLOW and TASK_QUEUE_TYPE_ACTIVITY of Temporal's API. */
const [WORKFLOWS, ACTIVITIES] = [1, 2];

/** A worker of its own process for a world's queues. */
export function workerFor(world: World, contracts: string): WorkerProcess {
  return spawnWorker({
    warehouseUrl: world.urls['backfill_worker'] ?? '',
    temporalAddress: world.temporalAddress,
    contracts,
    reports: world.reports,
    prefix: world.taskQueue.replace(/-backfill$/, ''),
  });
}

/** A killed worker stays on the server's list of pollers for minutes: its successor is told from it by its process. */
async function polls(pid: number, setup: { temporalAddress: string; prefix: string }): Promise<void> {
  const connection = await Connection.connect({ address: setup.temporalAddress });
  const isPolledBy = async (name: string, taskQueueType: number): Promise<boolean> => {
    const request = { namespace: 'default', taskQueue: { name }, taskQueueType };
    const { pollers } = await connection.workflowService.describeTaskQueue(request);
    return pollers?.some(({ identity }) => identity?.startsWith(`${pid}@`)) ?? false;
  };
  try {
    for (const [name, type] of [
      [`${setup.prefix}-backfill`, WORKFLOWS],
      [`${setup.prefix}-backfill-warehouse`, ACTIVITIES],
    ] as const)
      await waitFor(() => isPolledBy(name, type), {
        timeoutMs: 60_000,
        describe: `worker ${pid} to poll ${name}`,
      });
  } finally {
    await connection.close();
  }
}
