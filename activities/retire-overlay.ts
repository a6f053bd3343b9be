import pg from 'pg';
import { countMarks } from '../src/ledger/dirty-marks.ts';
import { markDropped } from '../src/ledger/artifacts.ts';
import { activeRelease } from '../src/ledger/releases.ts';
import type { WarehouseActivities } from '../src/protocol/activities.ts';
import {
  countDifferences,
  detachCapture,
  retireRelease,
  shapeView,
} from '../src/warehouse/postgres/statements/elevated.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import { failure, stillWaiting } from './activity-failure.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { retryLock } from './retry-lock.ts';

/** Pointer back, plain view, triggers gone: no reader can tell. Marks that came meanwhile send it back to catching up. */
export function makeRetireOverlay(deps: ActivityDeps): WarehouseActivities['retireOverlay'] {
  return ({ backfillId }) =>
    withLedger(deps, async (session) => {
      const { plan } = await loadPlan(session, backfillId);
      const active = await session.one<{ backfillId: string | null }>(activeRelease(plan.dataset));
      if (active.backfillId === backfillId) {
        const { differing } = await session.one<{ differing: number }>(countDifferences(plan));
        const { marks } = await session.one<{ marks: number }>(countMarks(backfillId));
        if (differing > 0 && marks === 0)
          throw failure(
            'StatementRefused',
            `${differing} rows of ${plan.dataset} differ from the overlay although no live write is open; nothing was retired`,
          );
        // Armed first: a settled view does not look at the pointer, and would go on showing the overlay.
        await retryLock(() => session.rows(shapeView(plan, 'armed')));
        try {
          await retryLock(() => session.rows(retireRelease(plan)));
        } catch (error) {
          if (error instanceof pg.DatabaseError && error.code === '55006') throw stillWaiting(error.message, 1_000);
          throw error;
        }
      }
      await retryLock(() => session.rows(shapeView(plan, 'plain')));
      await retryLock(() =>
        withTransaction(session, async () => {
          await session.rows(detachCapture(plan));
          await session.change(markDropped(backfillId, 'capture'));
        }),
      );
    });
}
