import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A pid alone may be given to another process later; together with its start it names one process for good. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot on Linux, a date elsewhere; only ever compared. */
  readonly startedAt: string;
}

export interface RunningProcess extends ProcessIdentity {
  /** Working folder; null where the system does not tell. */
  readonly folder: string | null;
  /** Command line, arguments separated by blanks. */
  readonly command: string;
}

/** Null for a process that is gone, and for a zombie: it still has its pid but never does anything again. */
export function inspectProcess(pid: number): RunningProcess | null {
  if (!Number.isInteger(pid) || pid <= 0) return null;
  return process.platform === 'linux' ? inspectLinux(pid) : inspectByTools(pid);
}

export function isRunning(identity: ProcessIdentity): boolean {
  return inspectProcess(identity.pid)?.startedAt === identity.startedAt;
}

/** Processes whose working folder is `folder`; this process does not count. */
export function listProcessesIn(folder: string): RunningProcess[] {
  const pids = process.platform === 'linux' ? listPids() : pidsByTools(folder);
  return pids
    .filter((pid) => pid !== process.pid)
    .map((pid) => inspectProcess(pid))
    .filter((found) => found?.folder === folder)
    .filter((found) => found !== null);
}

function listPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function inspectLinux(pid: number): RunningProcess | null {
  const stat = unlessGone(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (stat === null) return null;
  // The program's name stands in parentheses and may hold blanks and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startedAt = fields[19];
  if (fields[0] === 'Z' || fields[0] === 'X' || startedAt === undefined) return null;
  const command = unlessGone(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  if (command === null) return null;
  const folder = unlessGone(() => readlinkSync(`/proc/${pid}/cwd`));
  return { pid, startedAt, folder, command: command.split('\0').join(' ').trim() };
}

function unlessGone(read: () => string): string | null {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // EACCES: another user's process. It exists, but its folder is not ours to see.
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return null;
    throw error;
  }
}

function inspectByTools(pid: number): RunningProcess | null {
  const line = toolOutput('ps', ['-ww', '-o', 'stat=,lstart=,command=', '-p', String(pid)]).trim();
  // `lstart` is five words: Sun Nov 22 15:26:24 2026
  const [, state, startedAt, command] = /^(\S+)\s+((?:\S+\s+){4}\S+)\s+(.*)$/.exec(line) ?? [];
  if (state === undefined || startedAt === undefined || command === undefined || state.startsWith('Z')) return null;
  const folder = /^n(.+)$/m.exec(toolOutput('lsof', ['-a', '-d', 'cwd', '-p', String(pid), '-Fn']))?.[1] ?? null;
  return { pid, startedAt, folder, command };
}

function pidsByTools(folder: string): number[] {
  return [...toolOutput('lsof', ['-a', '-d', 'cwd', '-Fp', '--', folder]).matchAll(/^p(\d+)$/gm)].map((match) =>
    Number(match[1]),
  );
}

/** Both tools exit with 1 where nothing matches: then what they printed is the answer. */
function toolOutput(tool: string, args: readonly string[]): string {
  try {
    return execFileSync(tool, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch (error) {
    const { status, stdout } = error as { status?: number; stdout?: string };
    if (status === 1) return stdout ?? '';
    throw new Error(`\`${tool}\` is needed to tell which processes run, and failed`, { cause: error });
  }
}
