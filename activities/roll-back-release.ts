import { activeRelease, latestRelease, rollbackStatement } from '../src/ledger/releases.ts';
import type { WarehouseActivities } from '../src/protocol/activities.ts';
import { shapeView } from '../src/warehouse/postgres/statements/elevated.ts';
import { retryLock } from '../src/warehouse/retry-lock.ts';
import { sql } from '../src/warehouse/sql.ts';
import { failure } from './activity-failure.ts';
import { announceRollback } from './announce-rollback.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';

/**
 * The printed statement, run by us. Where it does nothing the view is settled: it is armed again, which changes nothing
 * visible, and the statement comes once more. Never before: arming asks for locks, and a rollback waits for nobody's.
 */
export function makeRollBackRelease(deps: ActivityDeps): WarehouseActivities['rollBackRelease'] {
  return ({ backfillId, by, reason }) =>
    withLedger(deps, async (session) => {
      const { plan } = await loadPlan(session, backfillId);
      const active = await session.one<{ backfillId: string | null; releaseId: string | null }>(
        activeRelease(plan.dataset),
      );
      if (active.backfillId === backfillId && active.releaseId !== null) {
        const rollback = sql(rollbackStatement(plan, active.releaseId, by, reason));
        if ((await session.change(rollback)) === 0) {
          await retryLock(() => session.rows(shapeView(plan, 'armed')));
          await session.change(rollback);
        }
      }
      const release = await session.one<{ releaseId: string; state: string; rolledBackAt: Date | null }>(
        latestRelease(backfillId),
      );
      if (release.state !== 'rolled_back' || release.rolledBackAt === null)
        throw failure(
          'StatementRefused',
          `release ${release.releaseId} of ${plan.dataset} is ${release.state}; it was not rolled back`,
        );
      await announceRollback(session, plan, release.releaseId, by, reason);
      return { at: release.rolledBackAt.toISOString() };
    });
}
