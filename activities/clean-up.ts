import type { WarehouseActivities } from '../src/protocol/activities.ts';
import { removeArtifacts } from '../src/ledger/remove-artifacts.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';

export function makeCleanUp(deps: ActivityDeps): WarehouseActivities['cleanUp'] {
  return ({ backfillId, keepSnapshot }) =>
    withLedger(deps, async (session) => {
      const { plan } = await loadPlan(session, backfillId);
      return { dropped: await removeArtifacts(session, plan, { keepSnapshot }) };
    });
}
