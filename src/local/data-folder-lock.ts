import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessIdentity } from './process-table.ts';
import { inspectProcess, listProcessesIn } from './process-table.ts';

/**
 * live: a postmaster runs on this folder. draining: the postmaster died, processes it left still hold the folder.
 * stale: a lock file without a process. free: neither.
 */
export type DataFolderState =
  | { readonly kind: 'live'; readonly postmaster: ProcessIdentity; readonly port: number; readonly ready: boolean }
  | { readonly kind: 'draining'; readonly pids: readonly number[] }
  | { readonly kind: 'stale' }
  | { readonly kind: 'free' };

/** Who holds a PostgreSQL data folder. A process counts only with that folder as its working folder: a pid or a name may be anybody's. */
export function dataFolderState(dataFolder: string): DataFolderState {
  if (!existsSync(dataFolder)) return { kind: 'free' };
  const folder = realpathSync(dataFolder);
  const lock = readLock(folder);
  if (lock !== null) {
    const postmaster = inspectProcess(lock.pid);
    if (postmaster?.folder === folder) {
      const { pid, startedAt } = postmaster;
      return { kind: 'live', postmaster: { pid, startedAt }, port: lock.port, ready: lock.status === 'ready' };
    }
  }
  const left = listProcessesIn(folder).filter(({ command }) => command.includes('postgres'));
  if (left.length > 0) return { kind: 'draining', pids: left.map(({ pid }) => pid) };
  return { kind: lock === null ? 'free' : 'stale' };
}

/**
 * Removes the lock file of a dead postmaster. PostgreSQL itself keeps away for ever where the recorded pid is a zombie or another program's.
 * Only for the state `stale`: while left-over backends hold the folder, the file is what protects the data from a second server.
 */
export function clearStaleLock(dataFolder: string): void {
  rmSync(lockFile(dataFolder), { force: true });
}

function lockFile(dataFolder: string): string {
  return join(dataFolder, 'postmaster.pid');
}

/** Lines of the file: 1 pid, 2 data folder, 3 start, 4 port, 5 socket folder, 6 address, 7 shared memory, 8 status. */
function readLock(dataFolder: string): { pid: number; port: number; status: string } | null {
  let text: string;
  try {
    text = readFileSync(lockFile(dataFolder), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const lines = text.split('\n');
  return { pid: Number(lines[0]), port: Number(lines[3]), status: (lines[7] ?? '').trim() };
}
