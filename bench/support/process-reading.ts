import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessReading {
  /** Resident memory. */
  readonly rssBytes: number;
  /** The most that it ever had resident. */
  readonly peakRssBytes: number;
  /** Processor time since its start, of all its threads. */
  readonly cpuMs: number;
}

/** Linux counts processor time in hundredths of a second, whatever its own clock does. */
const TICK_MS = 10;

/** What a process uses; null where it is gone, or where the system has no /proc. */
export function readProcess(pid: number | null): ProcessReading | null {
  const fields = pid === null ? null : readStat(pid);
  if (pid === null || fields === null) return null;
  const status = readIfThere(`/proc/${pid}/status`) ?? '';
  return {
    rssBytes: kilobytes(status, 'VmRSS') * 1024,
    peakRssBytes: kilobytes(status, 'VmHWM') * 1024,
    cpuMs: ticks(fields, OWN) * TICK_MS,
  };
}

function kilobytes(status: string, field: string): number {
  return Number(new RegExp(String.raw`^${field}:\s+(\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
}

/**
 * Processor time of a process, the children it has now and those that it has seen end: a PostgreSQL server with all its
 * backends and parallel workers. Null where the system has no /proc.
 */
export function readFamilyCpuMs(pid: number): number | null {
  const parent = readStat(pid);
  if (parent === null) return null;
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name)))
    .filter((fields) => fields !== null && Number(fields[PARENT]) === pid);
  const own = ticks(parent, [...OWN, ...ENDED_CHILDREN]);
  return children.reduce((sum, fields) => sum + ticks(fields ?? [], OWN), own) * TICK_MS;
}

/** Fields of /proc/<pid>/stat, counted from behind the program's name. */
const PARENT = 1;
const OWN = [11, 12];
const ENDED_CHILDREN = [13, 14];

function ticks(fields: readonly string[], places: readonly number[]): number {
  return places.reduce((sum, place) => sum + Number(fields[place] ?? 0), 0);
}

function readStat(pid: number): string[] | null {
  const stat = process.platform === 'linux' ? readIfThere(`/proc/${pid}/stat`) : null;
  // The program's name stands in parentheses and may hold blanks and parentheses itself.
  return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}
