import type { LightActivities } from '../src/protocol/activities.ts';
import { stillWaiting } from './activity-failure.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { createGate } from './gate.ts';

/** How soon an opened gate is noticed. */
const LOOK_EVERY_MS = 1_000;

export function makeAwaitGate(deps: ActivityDeps): LightActivities['awaitGate'] {
  return async ({ backfillId, limits }) => {
    const { plan } = await withLedger(deps, (session) => loadPlan(session, backfillId));
    const decision = await createGate(deps, plan, limits).ask();
    if (!decision.open) throw stillWaiting(decision.reason, LOOK_EVERY_MS);
  };
}
