import { CancelledFailure, Context } from '@temporalio/activity';
import type { LightActivities, WarehouseActivities } from '../src/protocol/activities.ts';
import { STATEMENT_CANCELLED } from '../src/warehouse/sqlstate.ts';
import { toActivityFailure } from './activity-failure.ts';
import { makeAwaitGate } from './await-gate.ts';
import { makeCleanUp } from './clean-up.ts';
import { makeConcludeEvidence } from './conclude-evidence.ts';
import { makeConsolidateClaim } from './consolidate-claim.ts';
import { makeCreateShadow } from './create-shadow.ts';
import type { ActivityDeps } from './deps.ts';
import { makeInstallCapture } from './install-capture.ts';
import { makePlanBackfill } from './plan-backfill.ts';
import { makeProveIdempotency } from './prove-idempotency.ts';
import { makeProveLogic } from './prove-logic.ts';
import { makePublishRelease } from './publish-release.ts';
import { makeRebuildClaim } from './rebuild-claim.ts';
import { makeRecordDecision } from './record-decision.ts';
import { makeRecordMessage, makeRecordRefusal } from './record-message.ts';
import { makeRecordStatus } from './record-status.ts';
import { makeReshapeView } from './reshape-view.ts';
import { makeRetireOverlay } from './retire-overlay.ts';
import { makeRollBackRelease } from './roll-back-release.ts';
import { makeTakeSnapshot } from './take-snapshot.ts';
import { makeWatchLiveWrites } from './watch-live-writes.ts';

export type { ActivityDeps } from './deps.ts';

export function createLightActivities(deps: ActivityDeps): LightActivities {
  return translated({
    recordStatus: makeRecordStatus(deps),
    recordMessage: makeRecordMessage(deps),
    recordRefusal: makeRecordRefusal(deps),
    recordDecision: makeRecordDecision(deps),
    awaitGate: makeAwaitGate(deps),
  });
}

export function createWarehouseActivities(deps: ActivityDeps): WarehouseActivities {
  return translated({
    planBackfill: makePlanBackfill(deps),
    proveIdempotency: makeProveIdempotency(deps),
    proveLogic: makeProveLogic(deps),
    installCapture: makeInstallCapture(deps),
    takeSnapshot: makeTakeSnapshot(deps),
    createShadow: makeCreateShadow(deps),
    rebuildClaim: makeRebuildClaim(deps),
    concludeEvidence: makeConcludeEvidence(deps),
    watchLiveWrites: makeWatchLiveWrites(deps),
    publishRelease: makePublishRelease(deps),
    rollBackRelease: makeRollBackRelease(deps),
    reshapeView: makeReshapeView(deps),
    consolidateClaim: makeConsolidateClaim(deps),
    retireOverlay: makeRetireOverlay(deps),
    cleanUp: makeCleanUp(deps),
  });
}

/** A statement that we cancelled ourselves after a stop was asked for is no failure: the work begins anew where it was. */
function wasStopped(error: unknown): boolean {
  return Context.current().cancellationSignal.aborted && (error as { code?: string }).code === STATEMENT_CANCELLED;
}

type Activity = (input: never) => Promise<unknown>;

/** Every failure leaves through one door. */
function translated<T extends { [name in keyof T]: Activity }>(activities: T): T {
  const wrap =
    (activity: Activity): Activity =>
    async (input) => {
      try {
        return await activity(input);
      } catch (error) {
        throw wasStopped(error) ? new CancelledFailure('stopped, because it was asked to') : toActivityFailure(error);
      }
    };
  return Object.fromEntries(
    Object.entries<Activity>(activities).map(([name, activity]) => [name, wrap(activity)]),
  ) as T;
}
