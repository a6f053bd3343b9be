import { insertEvent } from '../src/ledger/events.ts';
import { rollbackInForce } from '../src/ledger/published-view.ts';
import { activeRelease } from '../src/ledger/releases.ts';
import type { WarehouseActivities } from '../src/protocol/activities.ts';
import { shapeView } from '../src/warehouse/postgres/statements/elevated.ts';
import { retryLock } from '../src/warehouse/retry-lock.ts';
import { failure } from './activity-failure.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';

/** Armed and settled show the same rows; only the price of reading and of undoing differs. */
export function makeReshapeView(deps: ActivityDeps): WarehouseActivities['reshapeView'] {
  return ({ backfillId, shape, by }) =>
    withLedger(deps, async (session) => {
      const { plan } = await loadPlan(session, backfillId);
      const { releaseId } = await session.one<{ releaseId: string | null }>(activeRelease(plan.dataset));
      if (releaseId === null)
        throw failure('StatementRefused', `${plan.dataset} shows no release; its view keeps its shape`);
      await retryLock(() => session.rows(shapeView(plan, shape)));
      await session.change(insertEvent(backfillId, `view ${shape}`, by, { view: plan.view }));
      return { rollbackStatement: rollbackInForce(plan, releaseId, shape === 'armed') };
    });
}
