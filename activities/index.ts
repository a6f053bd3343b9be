import { CancelledFailure, Context } from '@temporalio/activity';
import type { LightActivities, WarehouseActivities } from '../src/protocol/activities.ts';
import { isCancelled } from '../src/warehouse/sqlstate.ts';
import { failure, toActivityFailure } from './activity-failure.ts';
import { makeAcceptInputs } from './accept-inputs.ts';
import { makeAwaitGate } from './await-gate.ts';
import { beating } from './beating.ts';
import type { Activity } from './each-activity.ts';
import { eachActivity } from './each-activity.ts';
import { makeCleanUp } from './clean-up.ts';
import { makeConcludeEvidence } from './conclude-evidence.ts';
import { makeConsolidateClaim } from './consolidate-claim.ts';
import { makeCreateShadow } from './create-shadow.ts';
import { makeDeliverAnnouncements } from './deliver-announcements.ts';
import type { ActivityDeps } from './deps.ts';
import { diskFullReason } from './disk-full.ts';
import { makeInstallCapture } from './install-capture.ts';
import { makeMeasureBaselines } from './measure-baselines.ts';
import { makePlanBackfill } from './plan-backfill.ts';
import { makeProveIdempotency } from './prove-idempotency.ts';
import { makeProveLogic } from './prove-logic.ts';
import { makePublishRelease } from './publish-release.ts';
import { makeRebuildClaim } from './rebuild-claim.ts';
import { makeRecordDecision } from './record-decision.ts';
import { makeRecordMessages } from './record-messages.ts';
import { makeRecordStatus } from './record-status.ts';
import { makeReplan } from './replan.ts';
import { makeReshapeView } from './reshape-view.ts';
import { makeRetireOverlay } from './retire-overlay.ts';
import { makeRollBackRelease } from './roll-back-release.ts';
import { makeTakeSnapshot } from './take-snapshot.ts';
import { makeWatchLiveWrites } from './watch-live-writes.ts';
import { makeWatchMonitors } from './watch-monitors.ts';

export type { ActivityDeps } from './deps.ts';

export function createLightActivities(deps: ActivityDeps): LightActivities {
  return translated(
    beating({
      recordStatus: makeRecordStatus(deps),
      recordMessages: makeRecordMessages(deps),
      recordDecision: makeRecordDecision(deps),
      awaitGate: makeAwaitGate(deps),
      deliverAnnouncements: makeDeliverAnnouncements(deps),
    }),
    toLightFailure,
  );
}

export function createWarehouseActivities(deps: ActivityDeps): WarehouseActivities {
  return translated(
    {
      planBackfill: makePlanBackfill(deps),
      proveIdempotency: makeProveIdempotency(deps),
      proveLogic: makeProveLogic(deps),
      takeSnapshot: makeTakeSnapshot(deps),
      rebuildClaim: makeRebuildClaim(deps),
      acceptInputs: makeAcceptInputs(deps),
      concludeEvidence: makeConcludeEvidence(deps),
      replan: makeReplan(deps),
      watchLiveWrites: makeWatchLiveWrites(deps),
      measureBaselines: makeMeasureBaselines(deps),
      publishRelease: makePublishRelease(deps),
      watchMonitors: makeWatchMonitors(deps),
      consolidateClaim: makeConsolidateClaim(deps),
      retireOverlay: makeRetireOverlay(deps),
      ...beating({
        installCapture: makeInstallCapture(deps),
        createShadow: makeCreateShadow(deps),
        rollBackRelease: makeRollBackRelease(deps),
        reshapeView: makeReshapeView(deps),
        cleanUp: makeCleanUp(deps),
      }),
    },
    toActivityFailure,
  );
}

/** A row of the ledger is tried until there is room for it: without it the ledger would not know what the workflow does. */
function toLightFailure(error: unknown, attempt: number): Error {
  const full = diskFullReason(error);
  return full === null ? toActivityFailure(error, attempt) : failure('DiskFull', full, { cause: error, retry: true });
}

/** A statement that we cancelled ourselves after a stop was asked for is no failure: the work begins anew where it was. */
function wasStopped(error: unknown): boolean {
  return Context.current().cancellationSignal.aborted && isCancelled(error);
}

/** Every failure leaves through one door. */
function translated<T extends { [name in keyof T]: Activity }>(
  activities: T,
  translate: (error: unknown, attempt: number) => Error,
): T {
  return eachActivity(activities, (activity) => async (input) => {
    try {
      return await activity(input);
    } catch (error) {
      if (wasStopped(error)) throw new CancelledFailure('stopped, because it was asked to');
      throw translate(error, Context.current().info.attempt);
    }
  });
}
