import { CancelledFailure } from '@temporalio/activity';
import type { LedgerCounts } from '../src/domain/backfill-state.ts';
import { countProgress } from '../src/ledger/counts.ts';
import { countMarks } from '../src/ledger/dirty-marks.ts';
import type { ConcludeOutcome, WarehouseActivities } from '../src/protocol/activities.ts';
import { writeReport } from '../src/report/write-report.ts';
import { failure } from './activity-failure.ts';
import { withAttempt } from './attempt.ts';
import { catchUp } from './catch-up.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { recapture } from './recapture.ts';
import { refuseDrift } from './refuse-drift.ts';
import { writeRunEvidence } from './run-evidence.ts';
import { whileWorking } from './working.ts';

/** The lane number of work that is done for the run as a whole. */
export const WHOLE_RUN = 0;
/** So many passes in a row that leave no fewer marks than there were: live writes come faster than rebuilds. */
const PASSES = 20;

export function makeConcludeEvidence(deps: ActivityDeps): WarehouseActivities['concludeEvidence'] {
  return ({ backfillId }) =>
    whileWorking(async (working) => {
      const { plan, planHash } = await withLedger(deps, (session) => loadPlan(session, backfillId));
      return withAttempt(deps, plan, WHOLE_RUN, working, async (attempt): Promise<ConcludeOutcome> => {
        await refuseDrift(attempt.session, plan);
        await recapture(plan, attempt.session);
        let before = Number.POSITIVE_INFINITY;
        let idle = 0;
        for (let pass = 1; ; pass += 1) {
          working.at({ doing: 'catch up with live writes', pass });
          if (working.asked()) throw new CancelledFailure('stopped before the evidence was complete');
          const caught = await catchUp(plan, attempt, working, {
            slots: plan.spec.execution.maxConcurrency,
            amend: false,
          });
          if (caught.failed !== null) return { kind: 'batchFailed', ...caught.failed };
          const { marks } = await attempt.session.one<{ marks: number }>(countMarks(backfillId));
          if (marks === 0) break;
          idle = caught.partitions > 0 && marks >= before ? idle + 1 : 0;
          before = marks;
          if (idle === PASSES)
            throw failure(
              'StatementRefused',
              `live writes dirty partitions of ${plan.dataset} faster than they are rebuilt; pause the pipeline's late writes, then retry`,
            );
        }
        working.at({ doing: 'evidence of the whole run' });
        const { evidence, failed } = await writeRunEvidence(attempt.session, plan, planHash);
        const reportPath = failed === null ? await writeReport(attempt.session, backfillId, deps.reportsFolder) : null;
        const counts = await attempt.session.one<LedgerCounts>(countProgress(backfillId));
        return { kind: 'concluded', failed, counts, evidence: { ...evidence, reportPath } };
      });
    });
}
