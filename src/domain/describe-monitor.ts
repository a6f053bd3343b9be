import type { MonitorStatus } from './monitor.ts';

/** One line for people: what a consumer sees, against what it should. */
export function describeMonitor({ name, owner, verdict, figure, limit, at, next }: MonitorStatus): string {
  const when = at === null ? '' : `, measured ${at}`;
  return `${name} (${owner}): ${verdict}; ${figure}, expected ${limit}${when}, next ${next}`;
}
