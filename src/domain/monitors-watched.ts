import type { BackfillState } from './backfill-state.ts';
import type { MonitorStatus } from './monitor.ts';
import type { PlanSummary } from './plan-summary.ts';
import type { Check } from './verdict.ts';
import type { Waiver } from './waiver.ts';

/** Where no worker answers, less is known: then there is nothing that could be waived. */
export type Watched = Partial<Pick<BackfillState, 'monitors' | 'monitorsFlutter' | 'waivers'>> & {
  readonly release?: { readonly publishedAt?: string } | null;
};
type Run = Watched & { readonly plan: Pick<PlanSummary, 'monitors' | 'autoRollback'> | null };

/** The name that a waiver gives. */
export function monitorCheckName(name: string): string {
  return `monitor:${name}`;
}

/** A monitor's finding as a check that a person decides on. */
export function monitorCheck({ name, verdict, figure, limit }: MonitorStatus): Check {
  return {
    name: monitorCheckName(name),
    level: 'monitor',
    verdict: verdict === 'breached' || verdict === 'suspect' ? 'fail' : 'inconclusive',
    figure,
    limit,
  };
}

/** Monitors that keep the release from being signed off: not good, and not let pass by a person. Planned ones that were never seen are among them. */
export function openMonitors(watched: Watched): readonly MonitorStatus[] {
  const seen = watched.monitors ?? [];
  return seen.filter((monitor) => monitor.verdict !== 'good' && !isWaived(watched, monitor));
}

/** Whether every planned monitor was seen for this release at all. */
export function monitorsAreSeen({ monitors, plan }: Run): boolean {
  return (monitors ?? []).length >= (plan?.monitors ?? 0);
}

/** Those that a waiver may name: breached or inconclusive, and no more than that. */
export function waivableMonitors(watched: Watched): readonly MonitorStatus[] {
  return openMonitors(watched).filter(({ verdict }) => verdict === 'breached' || verdict === 'inconclusive');
}

/** A waiver is of one release, and covers what is no worse than what was shown. */
function isWaived({ waivers = [], release }: Watched, monitor: MonitorStatus): boolean {
  if (monitor.verdict === 'pending') return false;
  return waivers.some(
    (waiver) =>
      waiver.check === monitorCheckName(monitor.name) &&
      Date.parse(waiver.at) >= Date.parse(release?.publishedAt ?? '') &&
      isNoWorse(monitor, waiver),
  );
}

function isNoWorse({ excess }: MonitorStatus, waiver: Waiver): boolean {
  if (waiver.excess === undefined) return false;
  // What nobody could tell was let pass: that it fails is something else.
  if (waiver.excess === null || excess === null) return waiver.excess === excess;
  return excess <= waiver.excess;
}

export interface BreachDecision {
  readonly kind: 'rollback' | 'hold';
  readonly monitor: MonitorStatus;
  readonly reason: string;
}

/**
 * What a breach asks for, the gravest first; null where none asks for more than to be told. Findings from before the
 * present status were decided on already.
 */
export function breachDecision(state: Run & Pick<BackfillState, 'since'>): BreachDecision | null {
  const breached = openMonitors(state).filter(
    ({ verdict, at }) => verdict === 'breached' && at !== null && Date.parse(at) >= Date.parse(state.since),
  );
  const rollback = breached.find(({ onBreach }) => onBreach === 'rollback');
  if (rollback !== undefined) {
    const refused =
      state.plan?.autoRollback === false
        ? 'rollback.auto_rollback of the spec is false'
        : state.monitorsFlutter === true
          ? 'monitors rolled this dataset back twice within a day already'
          : null;
    return { kind: refused === null ? 'rollback' : 'hold', monitor: rollback, reason: told(rollback, refused) };
  }
  const hold = breached.find(({ onBreach }) => onBreach === 'hold');
  return hold === undefined ? null : { kind: 'hold', monitor: hold, reason: told(hold, null) };
}

function told({ name, owner, figure, limit }: MonitorStatus, instead: string | null): string {
  const what = `monitor ${name} of ${owner} is breached: ${figure}, expected ${limit}`;
  return instead === null ? what : `${what}; it asks for a rollback, and ${instead}`;
}

/** What keeps the window open or the consolidation waiting, in words. */
export function describeOpenMonitors(state: Watched): string {
  const open = openMonitors(state);
  if (open.length === 0) return 'the first look at every monitor';
  return open.map(({ name, verdict, figure }) => `monitor ${name} is ${verdict} (${figure})`).join('; ');
}
