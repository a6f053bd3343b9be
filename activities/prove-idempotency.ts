import { insertEvidence } from '../src/ledger/evidence.ts';
import { proveIdempotency } from '../src/planning/prove-idempotency.ts';
import type { WarehouseActivities } from '../src/protocol/activities.ts';
import { fingerprint } from '../src/spec/fingerprint.ts';
import { withStoppableSession } from './cancel-when-asked.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, proofSession, withLedger } from './deps.ts';
import { refuseDrift } from './refuse-drift.ts';
import { whileWorking } from './working.ts';

/** Builds one partition twice and records what was found as evidence, whatever the verdict. */
export function makeProveIdempotency(deps: ActivityDeps): WarehouseActivities['proveIdempotency'] {
  return ({ backfillId }) =>
    whileWorking(async (working) => {
      const { plan } = await withLedger(deps, (session) => loadPlan(session, backfillId));
      const { samples } = plan.estimate;
      const checks = await withStoppableSession(deps, proofSession(plan), working, async (one) => {
        await refuseDrift(one, plan);
        return proveIdempotency(one, plan, samples);
      });
      const body = { proof: 'idempotency', checks };
      await withLedger(deps, (session) =>
        session.change(insertEvidence(backfillId, 'proof', null, body, fingerprint(body))),
      );
      return { checks };
    });
}
