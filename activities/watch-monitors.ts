import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { judgeReading } from '../src/domain/judge-monitor.ts';
import type { MonitorStatus, PlannedMonitor, Reading } from '../src/domain/monitor.ts';
import { verdictAfter } from '../src/domain/monitor-schedule.ts';
import { insertEvent } from '../src/ledger/events.ts';
import type { LastResult } from '../src/ledger/monitor-results.ts';
import { baselinesOf, forgetOldResults, insertResult, monitorRollbacks } from '../src/ledger/monitor-results.ts';
import type { WatchedRelease } from '../src/ledger/monitors-now.ts';
import { monitorsNow } from '../src/ledger/monitors-now.ts';
import { publishedVersions } from '../src/ledger/published-totals.ts';
import { latestRelease } from '../src/ledger/releases.ts';
import { MONITOR_TIMEOUT_MS, lookAt } from '../src/planning/read-monitor.ts';
import type { MonitorsOutcome, WarehouseActivities } from '../src/protocol/activities.ts';
import type { Session } from '../src/warehouse/session.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import { sql } from '../src/warehouse/sql.ts';
import { stillWaiting } from './activity-failure.ts';
import { withStoppableSession } from './cancel-when-asked.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import type { Working } from './working.ts';
import { whileWorking } from './working.ts';

/** Figures in the status are as of a change of verdict, and no older than this: each telling costs history. */
const TELL_EVERY_MS = 3_600_000;
/** A clock that stands a little behind must not make a poll a busy loop. */
const SHORTEST_WAIT_MS = 100;
/** So that a rollback made by hand, and a schedule that a person's question changed, are not waited out. */
const LONGEST_WAIT_MS = 60_000;
/** Beyond, monitors hold the run instead. */
const ROLLBACKS_A_DAY = 2;

interface Look {
  readonly plan: BackfillPlan;
  readonly release: WatchedRelease & { readonly digest: string };
}

/** Measures what is due, in one activity, whatever the number of monitors. Nothing to tell: it fails retryably until the next one is due. */
export function makeWatchMonitors(deps: ActivityDeps): WarehouseActivities['watchMonitors'] {
  return ({ backfillId, known, told, askedAt }) =>
    whileWorking(async (working): Promise<MonitorsOutcome> => {
      const { plan } = await withLedger(deps, (session) => loadPlan(session, backfillId));
      const release = await withLedger(deps, (session) => watchedRelease(session, plan));
      if (release === null) throw stillWaiting('no release is shown', LONGEST_WAIT_MS);
      await measureDue(deps, { plan, release }, askedAt, working);
      const { monitors, now } = await withLedger(deps, async (session) => ({
        monitors: (await monitorsNow(session, plan, release, askedAt)).map(({ status }) => status),
        now: await clock(session),
      }));
      const isOld = told === null || Date.parse(now) - Date.parse(told) > TELL_EVERY_MS;
      if (isOld || monitors.some((monitor) => isNews(monitor, known))) {
        const { rollbacks } = await withLedger(deps, (session) =>
          session.one<{ rollbacks: number }>(monitorRollbacks(plan.dataset)),
        );
        return { monitors, at: now, flutters: rollbacks >= ROLLBACKS_A_DAY };
      }
      const due = Math.min(...monitors.map(({ next }) => Date.parse(next) - Date.parse(now)));
      throw stillWaiting('no monitor is due', Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, due)));
    });
}

/** A change of verdict, or one more look at what asks for an action: a person may have asked to look again. */
function isNews({ name, verdict, at, onBreach }: MonitorStatus, known: readonly MonitorStatus[]): boolean {
  const before = known.find((one) => one.name === name);
  if (before?.verdict !== verdict) return true;
  return verdict === 'breached' && onBreach !== 'alert' && before.at !== at;
}

async function watchedRelease(session: Session, plan: BackfillPlan): Promise<Look['release'] | null> {
  const [release] = await session.rows<{ releaseId: string; state: string; publishedAt: Date; digest: string }>(
    latestRelease(plan.backfillId),
  );
  if (release?.state !== 'published') return null;
  return { ...release, publishedAt: release.publishedAt.toISOString() };
}

async function measureDue(deps: ActivityDeps, look: Look, askedAt: string | null, working: Working): Promise<void> {
  const { plan, release } = look;
  const settings = {
    applicationName: `backfill/${plan.backfillId}/monitor`,
    statementTimeoutMs: MONITOR_TIMEOUT_MS,
    lockTimeoutMs: 2_000,
  };
  await withStoppableSession(deps, settings, working, async (session) => {
    const baselines = await session.rows<{ monitor: string; reading: Reading }>(
      baselinesOf(plan.backfillId, release.digest),
    );
    for (const { monitor, last, status } of await monitorsNow(session, plan, release, askedAt)) {
      if (working.asked()) return;
      if (Date.parse(status.next) > Date.parse(await clock(session))) continue;
      working.at({ doing: 'measure', monitor: monitor.name });
      const baseline = baselines.find((one) => one.monitor === monitor.name)?.reading ?? null;
      await measure(session, deps, look, { monitor, last, baseline });
    }
  });
}

async function measure(
  session: Session,
  deps: ActivityDeps,
  { plan, release }: Look,
  {
    monitor,
    last,
    baseline,
  }: { readonly monitor: PlannedMonitor; readonly last: LastResult | null; readonly baseline: Reading | null },
): Promise<void> {
  const { reading, versions } = await lookAt(session, plan, monitor, {
    secretOf: deps.secret,
    totalsOf: (inside, measured) => inside.rows(publishedVersions(plan.backfillId, measured)),
  });
  const now = await clock(session);
  const finding = judgeReading(monitor, reading, { now, publishedAt: release.publishedAt, baseline, versions });
  const memory = verdictAfter(monitor, last, finding, now);
  const turned = memory.verdict !== last?.verdict;
  const at = { backfillId: plan.backfillId, releaseId: release.releaseId, monitor: monitor.name };
  await withTransaction(session, async () => {
    await session.change(insertResult(at, finding, memory, turned));
    await session.change(forgetOldResults(release.releaseId, monitor.name));
    if (turned) {
      const detail = { ...at, verdict: memory.verdict, figure: finding.figure, limit: finding.limit };
      await session.change(insertEvent(plan.backfillId, 'monitor', 'worker', detail));
    }
  });
}

/** The ledger's clock: publication and results are dated by it. */
async function clock(session: Session): Promise<string> {
  const { at } = await session.one<{ at: Date }>(sql('SELECT clock_timestamp() AS at'));
  return at.toISOString();
}
