import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ProcessIdentity } from './process-table.ts';
import { inspectProcess, isRunning } from './process-table.ts';

export type LockAttempt =
  { readonly held: true; release(): void } | { readonly held: false; readonly owner: ProcessIdentity };

/** One process at a time; a lock whose owner is gone, however it went, is taken over. Never waits. */
export function tryProcessLock(file: string): LockAttempt {
  mkdirSync(dirname(file), { recursive: true });
  for (;;) {
    if (link(file)) return { held: true, release: () => rmSync(file, { force: true }) };
    const content = readIfThere(file);
    if (content === null) continue;
    const owner = parseOwner(content);
    if (owner !== null && isRunning(owner)) return { held: false, owner };
    takeAway(file, content);
  }
}

/** A hard link appears together with its content, so nobody ever reads a lock without an owner. */
function link(file: string): boolean {
  const own = `${file}.${process.pid}`;
  const self = inspectProcess(process.pid);
  writeFileSync(own, JSON.stringify({ pid: process.pid, startedAt: self?.startedAt ?? 'unknown' }));
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Renaming first: of two processes that find the same stale lock one gets it, and a lock taken meanwhile is put back. */
function takeAway(file: string, staleContent: string): void {
  const aside = `${file}.stale-${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readIfThere(aside) !== staleContent && !existsSync(file)) renameSync(aside, file);
  else rmSync(aside, { force: true });
}

/** Null for anything that is not an owner, such as a file cut short by a full disk: such a lock binds nobody. */
function parseOwner(content: string): ProcessIdentity | null {
  const [, pid, startedAt] = /^\{"pid":(\d+),"startedAt":"([^"]*)"\}$/.exec(content) ?? [];
  return pid === undefined || startedAt === undefined ? null : { pid: Number(pid), startedAt };
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
