import type { BackfillState } from '../src/domain/backfill-state.ts';
import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { GateDecision, GateReadings } from '../src/domain/gate.ts';
import { decideGate } from '../src/domain/gate.ts';
import { priceOf } from '../src/domain/price.ts';
import { spentToday } from '../src/ledger/spending.ts';
import type { GateStop } from '../src/protocol/activities.ts';
import type { Session } from '../src/warehouse/session.ts';
import { cancelStatement } from './cancel-when-asked.ts';
import type { ActivityDeps } from './deps.ts';
import { withLedger } from './deps.ts';
import type { GateWatch } from './gate-watch.ts';
import { gateStop, watchGate } from './gate-watch.ts';
import { readPipeline } from './read-pipeline.ts';
import type { Working } from './working.ts';

/** A reading stays good for this long: the gate is asked before each partition, partitions may take milliseconds. */
const FRESH_MS = 500;

export interface Gate {
  /** Looks, unless it did just now. A probe may be silent for seconds: no transaction may be open meanwhile. */
  ask(): Promise<GateDecision>;
  /** Looks every second beside the transactions of a session. */
  watch(session: Session): GateWatch;
}

/** Looks at the live pipeline, the day's budget and the pause windows. What cannot be seen is closed. */
export function createGate(deps: ActivityDeps, plan: BackfillPlan, limits: BackfillState['limits']): Gate {
  let last: { at: number; decision: GateDecision } | null = null;
  let asking: Promise<GateDecision> | null = null;
  const look = async (): Promise<GateDecision> => {
    try {
      const decision = decideGate(await readGate(deps, plan, limits));
      last = { at: Date.now(), decision };
      return decision;
    } finally {
      asking = null;
    }
  };
  const ask: Gate['ask'] = async () => {
    if (last !== null && Date.now() - last.at < FRESH_MS) return last.decision;
    asking ??= look();
    return asking;
  };
  return { ask, watch: ({ backendPid }) => watchGate(ask, () => cancelStatement(deps, backendPid)) };
}

/** Why work under way ends at this boundary: somebody asked, or the gate closed. Null: it goes on. */
export async function whyStop(gate: Gate, working: Working): Promise<{ readonly kind: 'asked' } | GateStop | null> {
  return working.asked() ? { kind: 'asked' } : gateStop(await gate.ask());
}

async function readGate(
  deps: ActivityDeps,
  plan: BackfillPlan,
  limits: BackfillState['limits'],
): Promise<GateReadings> {
  const spent = await withLedger(deps, (session) =>
    session.one<{ bytes: number; busyMs: number }>(spentToday(plan.backfillId)),
  );
  const budget = limits.dailyCostBudget ?? null;
  return {
    pipeline: await readPipeline(deps, plan),
    bytesToday: spent.bytes,
    dailyBytesBudget: limits.dailyBytesBudget,
    ...(budget === null ? {} : { cost: { budget, today: costToday(deps, spent) } }),
    pauseWindows: plan.spec.execution.pauseWindows,
    nowIso: deps.now().toISOString(),
  };
}

/** At the prices of the worker, which are those of today. */
function costToday(
  { prices }: ActivityDeps,
  spent: { readonly bytes: number; readonly busyMs: number },
): { readonly amount: number; readonly currency: string } | null {
  return prices === null ? null : { amount: priceOf(spent, prices), currency: prices.currency };
}
