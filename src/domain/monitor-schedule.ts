import type { Finding, MonitorVerdict, PlannedMonitor } from './monitor.ts';

/** What is remembered of a monitor from one measurement to the next. */
export interface MonitorMemory {
  readonly at: string;
  readonly verdict: MonitorVerdict;
  /** Failing measurements since the last one that passed. */
  readonly failed: number;
}

type Schedule = Pick<PlannedMonitor, 'everyMs' | 'afterMs' | 'failures'>;

/**
 * When it is measured next: first when the consumer has had its own refresh, then as often as the contract says. Where a
 * person asked to look again, whatever is not good and was measured before that is due at once.
 */
export function nextMeasurement(
  { everyMs, afterMs }: Schedule,
  last: MonitorMemory | null,
  { publishedAt, askedAt }: { readonly publishedAt: string; readonly askedAt: string | null },
): string {
  if (last === null) return new Date(Date.parse(publishedAt) + afterMs).toISOString();
  const isAsked = askedAt !== null && Date.parse(last.at) < Date.parse(askedAt) && last.verdict !== 'good';
  return isAsked ? askedAt : new Date(Date.parse(last.at) + everyMs).toISOString();
}

/**
 * The verdict after one more finding. One failing measurement is a suspicion; as many in a row as the contract says are a
 * breach. What nobody can tell neither counts as one of them nor forgives those before it.
 */
export function verdictAfter(
  { failures }: Schedule,
  last: MonitorMemory | null,
  finding: Pick<Finding, 'outcome'>,
  at: string,
): MonitorMemory {
  const before = last?.failed ?? 0;
  switch (finding.outcome) {
    case 'pass':
      return { at, verdict: 'good', failed: 0 };
    case 'fail':
      return { at, verdict: before + 1 >= failures ? 'breached' : 'suspect', failed: before + 1 };
    case 'pending':
      return { at, verdict: 'pending', failed: before };
    case 'inconclusive':
      return { at, verdict: 'inconclusive', failed: before };
  }
}
