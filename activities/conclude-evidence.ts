import type { LedgerCounts } from '../src/domain/backfill-state.ts';
import { countProgress } from '../src/ledger/counts.ts';
import type { ConcludeOutcome, WarehouseActivities } from '../src/protocol/activities.ts';
import { writeReport } from '../src/report/write-report.ts';
import { withAttempt } from './attempt.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { drain } from './drain.ts';
import { limitsInForce } from './limits-in-force.ts';
import { recapture } from './recapture.ts';
import { refuseChangedInputs } from './reference-inputs.ts';
import { refuseDrift } from './refuse-drift.ts';
import { writeRunEvidence } from './run-evidence.ts';
import { whileWorking } from './working.ts';

/** The lane number of work that is done for the run as a whole. */
export const WHOLE_RUN = 0;

export function makeConcludeEvidence(deps: ActivityDeps): WarehouseActivities['concludeEvidence'] {
  return ({ backfillId, limits }) =>
    whileWorking(async (working) => {
      const { plan, planHash } = await withLedger(deps, (session) => loadPlan(session, backfillId));
      return withAttempt(deps, plan, WHOLE_RUN, working, async (attempt): Promise<ConcludeOutcome> => {
        await refuseDrift(attempt.session, plan);
        await recapture(plan, attempt.session);
        const { maxConcurrency: slots } = limitsInForce(plan, limits);
        const drained = await drain(plan, attempt, working, { slots, amend: false });
        if (drained.kind !== 'drained') return drained;
        await refuseChangedInputs(attempt.session, plan, 'the evidence');
        working.at({ doing: 'evidence of the whole run' });
        const { evidence, failed } = await writeRunEvidence(attempt.session, plan, planHash);
        const reportPath = failed === null ? await writeReport(attempt.session, backfillId, deps.reportsFolder) : null;
        const counts = await attempt.session.one<LedgerCounts>(countProgress(backfillId));
        return { kind: 'concluded', failed, counts, evidence: { ...evidence, reportPath }, liveWrites: drained.seen };
      });
    });
}
