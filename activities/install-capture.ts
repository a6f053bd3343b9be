import { confirmArtifact, recordArtifact } from '../src/ledger/artifacts.ts';
import { insertEventOnce } from '../src/ledger/events.ts';
import type { WarehouseActivities } from '../src/protocol/activities.ts';
import { attachCapture, captureIsWhole, proveCapture } from '../src/warehouse/postgres/statements/elevated.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import { qualified } from '../src/warehouse/sql.ts';
import { failure } from './activity-failure.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { refuseDrift } from './refuse-drift.ts';

/** Triggers first, snapshot after: every write that the snapshot does not hold is marked. Where none may be made, each build notes what it saw of the base. */
export function makeInstallCapture(deps: ActivityDeps): WarehouseActivities['installCapture'] {
  return ({ backfillId }) =>
    withLedger(deps, async (session) => {
      const { plan } = await loadPlan(session, backfillId);
      await refuseDrift(session, plan);
      if (plan.contract.livePipeline.capture === 'fingerprints') {
        const how = 'fingerprints of the base, taken with each build; no trigger is made';
        await session.change(
          insertEventOnce(backfillId, 'capture by fingerprints', 'worker', { table: plan.dataset, how }),
        );
        return;
      }
      await session.change(recordArtifact(backfillId, 'capture', qualified(plan.table)));
      await withTransaction(session, async () => {
        await session.rows(attachCapture(plan));
        await session.change(confirmArtifact(backfillId, 'capture', qualified(plan.table)));
      });
      const { whole } = await session.one<{ whole: boolean }>(captureIsWhole(plan));
      const { seen } = await withTransaction(session, () => session.one<{ seen: boolean | null }>(proveCapture(plan)));
      if (!whole || seen === false)
        throw failure(
          'StatementRefused',
          `late-write capture on ${plan.dataset} does not mark a canary row; the run cannot tell late writes, so it does not go on`,
        );
      const canary = seen === null ? 'the interval has no row to try it on' : 'a canary row was marked and undone';
      await session.change(insertEventOnce(backfillId, 'capture installed', 'worker', { table: plan.dataset, canary }));
    });
}
