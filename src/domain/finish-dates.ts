import type { BackfillPlan } from './backfill-plan.ts';
import type { PauseWindow } from './backfill-spec.ts';
import { isInsideWindow, localTime } from './gate.ts';

export interface WorkAhead {
  readonly startIso: string;
  /** Time at work, without any wait. */
  readonly runtimeMs: { readonly low: number; readonly high: number };
  /** Scanned over the whole run, spread evenly over its time at work. */
  readonly bytes: number;
  readonly dailyBytesBudget: number | null;
  /** Of the whole run, and of a day; null: not priced, or no budget. */
  readonly cost?: number | null;
  readonly dailyCostBudget?: number | null;
  readonly pauseWindows: readonly PauseWindow[];
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Nobody plans further; windows that leave no minute of the day open never come to an end at all. */
const HORIZON = 3 * 366 * DAY;

/** When the work is done if it starts at `startIso`: the fast and the slow estimate as instants, null beyond three years. */
export function finishDates(work: WorkAhead): { readonly earliest: string | null; readonly latest: string | null } {
  return { earliest: finish(work, work.runtimeMs.low), latest: finish(work, work.runtimeMs.high) };
}

/** Of a plan started at `now`: what checks read and cost counts too. */
export function plannedFinish(
  { spec, estimate }: Pick<BackfillPlan, 'spec' | 'estimate'>,
  now: Date,
): ReturnType<typeof finishDates> {
  const { dailyBytesBudget, dailyCostBudget = null, pauseWindows } = spec.execution;
  return finishDates({
    startIso: now.toISOString(),
    runtimeMs: estimate.runtimeMs,
    bytes: estimate.bytesScanned + estimate.checkBytes,
    dailyBytesBudget,
    cost: estimate.cost?.amount ?? null,
    dailyCostBudget,
    pauseWindows,
  });
}

/** Walks the calendar: works while no window is on and the UTC day has bytes left, waits otherwise. */
function finish(work: WorkAhead, workMs: number): string | null {
  const { startIso, bytes, dailyBytesBudget, cost = null, dailyCostBudget = null, pauseWindows } = work;
  const start = Date.parse(startIso);
  const aDay = (budget: number | null, whole: number | null): number =>
    budget === null || whole === null || whole === 0 ? Infinity : (budget / whole) * workMs;
  const msADay = Math.min(aDay(dailyBytesBudget, bytes), aDay(dailyCostBudget, cost));
  let at = start;
  let left = workMs;
  let leftToday = msADay;
  while (left > 0) {
    if (at - start > HORIZON) return null;
    const midnight = (Math.floor(at / DAY) + 1) * DAY;
    const isPaused = pauseWindows.some((window) => isInsideWindow(window, localTime(window.timeZone, at)));
    const boundary = Math.min(midnight, nextBoundary(pauseWindows, at));
    const worked = isPaused ? 0 : Math.min(left, leftToday, boundary - at);
    left -= worked;
    leftToday -= worked;
    if (left <= 0) return new Date(at + worked).toISOString();
    at = boundary;
    if (at === midnight) leftToday = msADay;
  }
  return new Date(at).toISOString();
}

/** The next minute at which a window may begin or end; at most an hour away, so that a change of the clocks is met. */
function nextBoundary(windows: readonly PauseWindow[], at: number): number {
  const minute = Math.floor(at / MINUTE) * MINUTE;
  const ahead = windows.flatMap(({ from, to, timeZone }) => {
    const now = minutesOf(localTime(timeZone, at));
    return [from, to].map((edge) => ((minutesOf(edge) - now + 1439) % 1440) + 1);
  });
  return windows.length === 0 ? Infinity : Math.min(minute + Math.min(...ahead) * MINUTE, at + HOUR);
}

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':').map(Number);
  return (hours ?? 0) * 60 + (minutes ?? 0);
}
