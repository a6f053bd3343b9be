import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { MonitorStatus, PlannedMonitor } from '../domain/monitor.ts';
import { describeExpectation } from '../domain/monitor.ts';
import { nextMeasurement } from '../domain/monitor-schedule.ts';
import type { Session } from '../warehouse/session.ts';
import type { LastResult } from './monitor-results.ts';
import { lastResults } from './monitor-results.ts';

export interface WatchedRelease {
  readonly releaseId: string;
  readonly publishedAt: string;
}

/** Where every monitor of a release stands. `askedAt`: since when a person wants them looked at again. */
export async function monitorsNow(
  session: Session,
  { monitors }: Pick<BackfillPlan, 'monitors'>,
  release: WatchedRelease,
  askedAt: string | null,
): Promise<
  readonly { readonly monitor: PlannedMonitor; readonly last: LastResult | null; readonly status: MonitorStatus }[]
> {
  const results = await session.rows<LastResult>(lastResults(release.releaseId));
  return monitors.map((monitor) => {
    const last = results.find(({ name }) => name === monitor.name) ?? null;
    const next = nextMeasurement(monitor, last, { publishedAt: release.publishedAt, askedAt });
    return { monitor, last, status: statusOf(monitor, last, next) };
  });
}

function statusOf(
  { name, owner, expect, onBreach }: PlannedMonitor,
  last: LastResult | null,
  next: string,
): MonitorStatus {
  const { verdict, figure, limit, excess, at } = last ?? {
    verdict: 'pending' as const,
    figure: `not measured yet, first at ${next}`,
    limit: describeExpectation(expect),
    excess: 0,
    at: null,
  };
  return { name, owner, verdict, figure, limit, excess, at, next, onBreach };
}
