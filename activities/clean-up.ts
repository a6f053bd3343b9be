import { activeRelease } from '../src/ledger/releases.ts';
import type { LedgerRun } from '../src/ledger/runs.ts';
import { findRun, setRunStatus } from '../src/ledger/runs.ts';
import { removeArtifacts } from '../src/ledger/remove-artifacts.ts';
import type { WarehouseActivities } from '../src/protocol/activities.ts';
import type { Session } from '../src/warehouse/session.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { patiently } from './patiently.ts';

export function makeCleanUp(deps: ActivityDeps): WarehouseActivities['cleanUp'] {
  return ({ backfillId, keepSnapshot, unplanned }) =>
    withLedger(deps, async (session) => {
      if (unplanned === true && !(await leftOpen(session, backfillId))) return { dropped: [] };
      const { plan } = await loadPlan(session, backfillId);
      const removed = await patiently(removeArtifacts(session, plan, { keepSnapshot }));
      // A workflow that knows of its plan records its status by itself.
      if (unplanned === true) await session.change(setRunStatus(backfillId, 'aborted', deps.now().toISOString(), true));
      return removed;
    });
}

/** The ledger holds a run that nobody sees: what readers see is not undone by giving up a plan. */
async function leftOpen(session: Session, backfillId: string): Promise<boolean> {
  const [run] = await session.rows<LedgerRun>(findRun(backfillId));
  if (run === undefined || run.endedAt !== null) return false;
  const active = await session.one<{ backfillId: string | null }>(activeRelease(run.dataset));
  return active.backfillId !== backfillId;
}
