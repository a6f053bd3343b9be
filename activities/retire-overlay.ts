import pg from 'pg';
import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { markDropped } from '../src/ledger/artifacts.ts';
import type { LeftToFollow } from '../src/ledger/left-to-follow.ts';
import { leftToFollow } from '../src/ledger/left-to-follow.ts';
import { activeRelease } from '../src/ledger/releases.ts';
import { refuseWhileStillRead } from '../src/ledger/still-read.ts';
import type { WarehouseActivities } from '../src/protocol/activities.ts';
import {
  countDifferences,
  detachCapture,
  retireRelease,
  shapeView,
} from '../src/warehouse/postgres/statements/elevated.ts';
import { retryLock } from '../src/warehouse/retry-lock.ts';
import type { Session } from '../src/warehouse/session.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import { failure } from './activity-failure.ts';
import { withAttempt } from './attempt.ts';
import { WHOLE_RUN } from './conclude-evidence.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { patiently } from './patiently.ts';
import { noticeLiveWrites } from './notice-live-writes.ts';
import { tooLongUnderFence, underFence } from './under-fence.ts';
import { whileWorking } from './working.ts';

/** Pointer back, plain view, triggers gone: no reader can tell. With marks open nothing is done: they are followed first. */
export function makeRetireOverlay(deps: ActivityDeps): WarehouseActivities['retireOverlay'] {
  return ({ backfillId }) =>
    whileWorking(async (working) => {
      const { plan } = await withLedger(deps, (session) => loadPlan(session, backfillId));
      return withAttempt(deps, plan, WHOLE_RUN, working, async ({ session }) => {
        const active = await session.one<{ backfillId: string | null }>(activeRelease(plan.dataset));
        if (active.backfillId === backfillId && !(await retire(session, plan))) return { retired: false };
        await patiently(refuseWhileStillRead(session, plan));
        await retryLock(() => session.rows(shapeView(plan, 'plain')));
        if (plan.contract.livePipeline.capture === 'triggers')
          await retryLock(() =>
            withTransaction(session, async () => {
              await session.rows(detachCapture(plan));
              await session.change(markDropped(backfillId, 'capture'));
            }),
          );
        return { retired: true };
      });
    });
}

async function retire(session: Session, plan: BackfillPlan): Promise<boolean> {
  // Before and after: comparing both sides reads the whole interval, and what came meanwhile explains a difference.
  if (await somethingToFollow(session, plan)) return false;
  const { differing } = await session.one<{ differing: number }>(countDifferences(plan));
  await noticeLiveWrites(plan, session, 'all');
  if (await somethingToFollow(session, plan)) return false;
  if (differing > 0)
    throw failure(
      'StatementRefused',
      `${differing} rows of ${plan.dataset} differ from the overlay although no live write is open; nothing was retired`,
    );
  // Armed first: a settled view does not look at the pointer, and would go on showing the overlay.
  await retryLock(() => session.rows(shapeView(plan, 'armed')));
  try {
    const call = (): Promise<unknown> => session.rows(retireRelease(plan));
    // After a detach base and overlay are compared row by row there, however long that takes: nothing else would be sure of it.
    const isBounded = plan.contract.livePipeline.capture === 'fingerprints';
    await retryLock(() => (isBounded ? underFence(session, plan, call) : call()));
    return true;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === '55006') return false;
    throw tooLongUnderFence(plan, error) ?? error;
  }
}

async function somethingToFollow(session: Session, { backfillId }: BackfillPlan): Promise<boolean> {
  const { marks, batches } = await session.one<LeftToFollow>(leftToFollow(backfillId));
  return marks + batches > 0;
}
