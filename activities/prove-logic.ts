import { insertEvidence } from '../src/ledger/evidence.ts';
import { proveLogic } from '../src/planning/prove-logic.ts';
import type { WarehouseActivities } from '../src/protocol/activities.ts';
import { fingerprint } from '../src/spec/fingerprint.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import { withStoppableSession } from './cancel-when-asked.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, proofSession, withLedger } from './deps.ts';
import { refuseDrift } from './refuse-drift.ts';
import { whileWorking } from './working.ts';

/** Seam and reproduction, each recorded as evidence of its own, whatever the verdict. */
export function makeProveLogic(deps: ActivityDeps): WarehouseActivities['proveLogic'] {
  return ({ backfillId }) =>
    whileWorking(async (working) => {
      const { plan } = await withLedger(deps, (session) => loadPlan(session, backfillId));
      const proofs = await withStoppableSession(deps, proofSession(plan), working, async (session) => {
        await refuseDrift(session, plan);
        return proveLogic(session, plan);
      });
      const bodies = [
        { proof: 'seam', ...proofs.seam },
        { proof: 'reproduction', checks: proofs.reproduction.checks, ...proofs.reproduction.found },
      ];
      await withLedger(deps, (session) =>
        withTransaction(session, async () => {
          for (const body of bodies)
            await session.change(insertEvidence(backfillId, 'proof', null, body, fingerprint(body)));
        }),
      );
      return { checks: [...proofs.seam.checks, ...proofs.reproduction.checks] };
    });
}
