import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface WorkerProcess {
  readonly pid: number;
  /** No goodbye: the process is gone, its statements are not. */
  kill(signal?: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
  exited(): Promise<void>;
  stop(): Promise<void>;
}

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
    kill: (signal = 'SIGKILL') => child.kill(signal),
    exited: async () => {
      await ended;
    },
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await ended;
      }
    },
  };
}
