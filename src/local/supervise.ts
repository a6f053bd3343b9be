import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { endProcess } from './end-process.ts';
import { endLeftProcess, recordProcess } from './left-process.ts';
import { inspectProcess } from './process-table.ts';

export interface SuperviseOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Both streams of every incarnation are appended here; beside it stands which process it is. */
  readonly logFile: string;
  /** What it is to people, e.g. `worker`. */
  readonly label: string;
  /** Gets one line each time the process died. */
  readonly log?: (line: string) => void;
  /** Between SIGTERM and SIGKILL; 15 s, so that a worker can finish its partition. */
  readonly graceMs?: number;
}

export interface SupervisedProcess {
  /** Of the present incarnation; null between two of them. */
  readonly pid: number | null;
  readonly restarts: number;
  stop(): Promise<void>;
}

const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 5_000;
/** One that lived this long did not die of its start: the backoff begins anew. */
const HEALTHY_AFTER_MS = 30_000;

/**
 * Keeps a process running: one that dies is started again, after 250 ms at first and up to 5 s where it dies again at once.
 * It is out of reach of Ctrl-C in this terminal, so that whoever supervises decides the order in which things stop.
 * One that an earlier, killed supervisor left behind is ended first. Rejects if it cannot be started the first time.
 */
export async function superviseProcess(options: SuperviseOptions): Promise<SupervisedProcess> {
  const { label, log = () => undefined, graceMs = 15_000 } = options;
  const stopping = new AbortController();
  await endLeftProcess(recordFile(options), graceMs);
  let child: ChildProcess | null = await start(options);
  let restarts = 0;

  async function keepRunning(): Promise<void> {
    let backoffMs = FIRST_BACKOFF_MS;
    while (!stopping.signal.aborted) {
      const startedAt = Date.now();
      const death = await whenDead(child);
      child = null;
      if (stopping.signal.aborted) return;
      if (Date.now() - startedAt > HEALTHY_AFTER_MS) backoffMs = FIRST_BACKOFF_MS;
      log(`The ${label} ended (${death}); it is started again in ${backoffMs} ms. Its log: ${options.logFile}`);
      await pause(backoffMs, undefined, { signal: stopping.signal }).catch(() => undefined); // Aborted: the loop ends.
      backoffMs = Math.min(backoffMs * 2, LONGEST_BACKOFF_MS);
      if (stopping.signal.aborted) return;
      restarts += 1;
      child = await start(options).catch((error: unknown) => {
        log((error as Error).message);
        return null;
      });
    }
  }

  const running = keepRunning();
  return {
    get pid() {
      return child?.pid ?? null;
    },
    get restarts() {
      return restarts;
    },
    async stop() {
      stopping.abort();
      await end(child, graceMs);
      await running;
      // It may have been on its way up just then.
      await end(child, graceMs);
    },
  };
}

async function end(child: ChildProcess | null, graceMs: number): Promise<void> {
  const target = child?.pid === undefined ? null : inspectProcess(child.pid);
  if (target !== null) await endProcess(target, { signal: 'SIGTERM', force: 'SIGKILL', graceMs, group: true });
}

function recordFile({ logFile }: SuperviseOptions): string {
  return `${logFile}.process.json`;
}

async function start(options: SuperviseOptions): Promise<ChildProcess> {
  const { command, args, env, logFile, label } = options;
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  try {
    const child = spawn(command, args, { env, detached: true, stdio: ['ignore', log, log] });
    await once(child, 'spawn');
    if (child.pid !== undefined) recordProcess(recordFile(options), child.pid);
    return child;
  } catch (error) {
    throw new Error(`The ${label} cannot be started (${command}): ${(error as Error).message}`, { cause: error });
  } finally {
    closeSync(log);
  }
}

/** How it ended, for people; a child that never started is dead already. */
async function whenDead(child: ChildProcess | null): Promise<string> {
  if (child === null) return 'it did not start';
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.signalCode ?? `exit code ${String(child.exitCode)}`;
}
