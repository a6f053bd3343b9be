import { setTimeout as pause } from 'node:timers/promises';
import type { ProcessIdentity } from './process-table.ts';
import { isRunning } from './process-table.ts';

export interface EndOptions {
  /** Asked for first. */
  readonly signal: NodeJS.Signals;
  /** Sent when the grace time is over. */
  readonly force: NodeJS.Signals;
  readonly graceMs: number;
  /** The process leads its own group, and whatever is left of that group is ended by force with it. */
  readonly group?: boolean;
}

/** Resolves when the process is gone; one that is gone already, or whose pid is another's now, is left alone. */
export async function endProcess(target: ProcessIdentity, options: EndOptions): Promise<void> {
  const { signal, force, graceMs, group = false } = options;
  if (!isRunning(target)) return;
  send(target.pid, signal);
  if (await isGoneWithin(target, graceMs)) return;
  send(group ? -target.pid : target.pid, force);
  if (await isGoneWithin(target, 10_000)) return;
  throw new Error(`Process ${target.pid} goes on after ${force}; look at it with \`ps -f -p ${target.pid}\``);
}

async function isGoneWithin(target: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isRunning(target)) {
    if (Date.now() >= deadline) return false;
    await pause(10);
  }
  return true;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
