import type { LightActivities } from '../src/protocol/activities.ts';
import { stillWaiting } from './activity-failure.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { diskFullReason, writeOnTrial } from './disk-full.ts';
import { createGate } from './gate.ts';

/** How soon an opened gate is noticed. */
const LOOK_EVERY_MS = 1_000;
/** A trial writes some megabytes: not every second. */
const TRY_DISK_EVERY_MS = 10_000;

export function makeAwaitGate(deps: ActivityDeps): LightActivities['awaitGate'] {
  return async ({ backfillId, limits, diskFull }) => {
    const { plan } = await withLedger(deps, (session) => loadPlan(session, backfillId));
    const decision = await createGate(deps, plan, limits).ask();
    if (!decision.open) throw stillWaiting(decision.reason, LOOK_EVERY_MS);
    if (diskFull === undefined) return;
    await withLedger(deps, writeOnTrial).catch((error: unknown) => {
      const reason = diskFullReason(error);
      throw reason === null ? error : stillWaiting(reason, TRY_DISK_EVERY_MS);
    });
  };
}
