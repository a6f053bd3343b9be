import { Context } from '@temporalio/activity';
import type { LightActivities } from '../src/protocol/activities.ts';
import { stillWaiting } from './activity-failure.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { diskFullReason, writeOnTrial } from './disk-full.ts';
import { createGate } from './gate.ts';
import { refuseDrift } from './refuse-drift.ts';

/** How soon an opened gate is noticed. */
const LOOK_EVERY_MS = 1_000;
/** A trial writes some megabytes: not every second. */
const TRY_DISK_EVERY_MS = 10_000;
/** What failed gave its room back, so a trial would succeed at once, and the work would fill the disk again without a pause. */
const JUST_FULL = `the disk of the warehouse was full a moment ago; it is tried in ${TRY_DISK_EVERY_MS / 1_000} s`;

export function makeAwaitGate(deps: ActivityDeps): LightActivities['awaitGate'] {
  return async ({ backfillId, limits, diskFull }) => {
    // Steps that never ask the gate meet a full disk too, planning among them: it is answered by itself.
    if (diskFull !== undefined) {
      if (Context.current().info.attempt === 1) throw stillWaiting(JUST_FULL, TRY_DISK_EVERY_MS);
      return withLedger(deps, writeOnTrial).catch((error: unknown) => {
        const reason = diskFullReason(error);
        throw reason === null ? error : stillWaiting(reason, TRY_DISK_EVERY_MS);
      });
    }
    const plan = await withLedger(deps, async (session) => {
      const loaded = await loadPlan(session, backfillId);
      // A gate may stay closed for days: what happens to the table meanwhile is told now, not when it opens.
      await refuseDrift(session, loaded.plan);
      return loaded.plan;
    });
    const decision = await createGate(deps, plan, limits).ask();
    if (!decision.open) throw stillWaiting(decision.reason, LOOK_EVERY_MS);
  };
}
