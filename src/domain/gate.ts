import type { PauseWindow } from './backfill-spec.ts';
import { formatBytes } from './bytes.ts';
import { formatMoney } from './price.ts';

/** What was seen just now; `unknown` means that looking failed, which is never taken for healthy. */
export interface GateReadings {
  readonly pipeline:
    | { readonly kind: 'notAsked' }
    | { readonly kind: 'idle' }
    | { readonly kind: 'running'; readonly name: string; readonly since: string | null }
    | { readonly kind: 'unknown'; readonly error: string };
  readonly bytesToday: number;
  readonly dailyBytesBudget: number | null;
  /** The day's cost budget, and what the day has cost at the worker's prices: null where it knows none. Absent: no budget. */
  readonly cost?: {
    readonly budget: number;
    readonly today: { readonly amount: number; readonly currency: string } | null;
  };
  readonly pauseWindows: readonly PauseWindow[];
  readonly nowIso: string;
}

export type GateDecision =
  | { readonly open: true }
  | {
      readonly open: false;
      readonly reason: string;
      readonly until?: string;
      /** What runs may run to its end: it has cost already what the gate wants to save. */
      readonly mayFinish?: true;
    };

/** May the next partition be rebuilt? The first reason to wait wins; no reason means yes. */
export function decideGate(readings: GateReadings): GateDecision {
  const { pipeline, bytesToday, dailyBytesBudget, pauseWindows, nowIso } = readings;
  if (pipeline.kind === 'running')
    return {
      open: false,
      reason: `the live pipeline ${pipeline.name} runs${pipeline.since === null ? '' : ` since ${pipeline.since}`}; work goes on when it has finished`,
    };
  if (pipeline.kind === 'unknown')
    return { open: false, reason: `the probe of the live pipeline fails: ${pipeline.error}; it is asked again` };
  if (dailyBytesBudget !== null && bytesToday >= dailyBytesBudget)
    return {
      open: false,
      reason: `the daily bytes budget of ${formatBytes(dailyBytesBudget)} is spent (${formatBytes(bytesToday)} today); raise it with setLimits or wait for midnight UTC`,
      until: `${nextUtcDay(nowIso)}T00:00:00.000Z`,
      mayFinish: true,
    };
  const dear = costReason(readings);
  if (dear !== null) return dear;
  const closed = pauseWindows.find((window) => isInsideWindow(window, localTime(window.timeZone, Date.parse(nowIso))));
  if (closed !== undefined)
    return { open: false, reason: `pause window ${closed.from}–${closed.to} ${closed.timeZone}` };
  return { open: true };
}

/** A budget that nobody can reckon with is closed, like everything that cannot be seen. */
function costReason({ cost, nowIso }: GateReadings): GateDecision | null {
  if (cost === undefined) return null;
  const { budget, today } = cost;
  if (today === null)
    return {
      open: false,
      reason: `the daily cost budget of ${budget} cannot be reckoned with: this worker has no prices (BACKFILL_PRICE_PER_TIB, BACKFILL_PRICE_PER_HOUR)`,
    };
  if (today.amount < budget) return null;
  return {
    open: false,
    reason: `the daily cost budget of ${formatMoney(budget, today.currency)} is spent (${formatMoney(today.amount, today.currency)} today); raise it with setLimits or wait for midnight UTC`,
    until: `${nextUtcDay(nowIso)}T00:00:00.000Z`,
    mayFinish: true,
  };
}

function nextUtcDay(nowIso: string): string {
  return new Date(Date.parse(`${nowIso.slice(0, 10)}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}

/** A window may cross midnight: `22:00`–`06:00`. `time` is `HH:MM` in the window's zone. */
export function isInsideWindow({ from, to }: PauseWindow, time: string): boolean {
  return from <= to ? from <= time && time < to : time >= from || time < to;
}

/** Making one takes fifty times as long as using it. */
const CLOCKS = new Map<string, Intl.DateTimeFormat>();

/** `HH:MM` on the clocks of a zone. */
export function localTime(timeZone: string, instant: number): string {
  const clock =
    CLOCKS.get(timeZone) ??
    new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  CLOCKS.set(timeZone, clock);
  return clock.format(instant);
}
