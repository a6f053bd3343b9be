import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { ReconciliationFigures } from '../src/domain/batch-verdict.ts';
import { formatPercent, judge, percentChange } from '../src/domain/batch-verdict.ts';
import { firstFailure, waive } from '../src/domain/verdict.ts';
import type { LedgerCounts } from '../src/domain/backfill-state.ts';
import type { Check } from '../src/domain/verdict.ts';
import { sumBatches } from '../src/ledger/batches.ts';
import { countProgress } from '../src/ledger/counts.ts';
import { countMarks } from '../src/ledger/dirty-marks.ts';
import { insertAnnouncement } from '../src/ledger/events.ts';
import { evidenceOf, insertEvidence, newestRunEvidence, waivers } from '../src/ledger/evidence.ts';
import type { ConcludeOutcome, WarehouseActivities } from '../src/protocol/activities.ts';
import { writeReport } from '../src/report/write-report.ts';
import { fingerprint } from '../src/spec/fingerprint.ts';
import type { Session } from '../src/warehouse/session.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import { failure } from './activity-failure.ts';
import { withAttempt } from './attempt.ts';
import { catchUp } from './catch-up.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { tolerances } from './reconcile-batch.ts';
import { whileWorking } from './working.ts';

/** The lane number of work that is done for the run as a whole. */
export const WHOLE_RUN = 0;
/** More passes than this without reaching the end means that live writes come faster than rebuilds. */
const PASSES = 20;

export function makeConcludeEvidence(deps: ActivityDeps): WarehouseActivities['concludeEvidence'] {
  return ({ backfillId }) =>
    whileWorking(async (working) => {
      const { plan, planHash } = await withLedger(deps, (session) => loadPlan(session, backfillId));
      return withAttempt(deps, plan, WHOLE_RUN, working, async (attempt): Promise<ConcludeOutcome> => {
        for (let pass = 0; ; pass += 1) {
          working.at({ doing: 'catch up with live writes', pass });
          const caught = await catchUp(plan, attempt, plan.spec.execution.maxConcurrency, false);
          if (caught.failed !== null) return { kind: 'batchFailed', ...caught.failed };
          const { marks } = await attempt.session.one<{ marks: number }>(countMarks(backfillId));
          if (marks === 0) break;
          if (pass === PASSES)
            throw failure(
              'StatementRefused',
              `live writes dirty partitions of ${plan.dataset} faster than they are rebuilt; pause the pipeline's late writes, then retry`,
            );
        }
        working.at({ doing: 'evidence of the whole run' });
        return conclude(attempt.session, plan, planHash, deps);
      });
    });
}

async function conclude(
  session: Session,
  plan: BackfillPlan,
  planHash: string,
  deps: ActivityDeps,
): Promise<Extract<ConcludeOutcome, { kind: 'concluded' }>> {
  const sums = await session.one<{ figures: ReconciliationFigures; open: number; waived: number; digest: string }>(
    sumBatches(plan.backfillId),
  );
  const checks = await runChecks(session, plan, sums.figures, sums.open);
  const proofs = await session.rows<{ body: { checks: readonly Check[] } }>(evidenceOf(plan.backfillId, 'proof'));
  const waived = await session.rows<{ body: unknown }>(evidenceOf(plan.backfillId, 'waiver'));
  const server = await session.one<{ version: string }>({
    text: `SELECT current_setting('server_version') AS version`,
    values: [],
  });
  const failed = firstFailure(checks) ?? null;
  const body = {
    backfillId: plan.backfillId,
    dataset: plan.dataset,
    planHash,
    codeVersion: plan.codeVersion,
    server: server.version,
    interval: plan.keyRanges,
    figures: sums.figures,
    batchDigest: sums.digest,
    batches: { total: plan.batches, waived: sums.waived },
    proofs: proofs.map((proof) => proof.body),
    waivers: waived.map((one) => one.body),
    checks,
  };
  const digest = fingerprint(body);
  const known = await session.rows<{ digest: string; createdAt: Date }>(newestRunEvidence(plan.backfillId));
  if (failed === null && known[0]?.digest !== digest)
    await withTransaction(session, async () => {
      await session.change(insertEvidence(plan.backfillId, 'run', null, body, digest));
      await session.change(
        insertAnnouncement(plan.backfillId, 'approval_requested', digest, {
          dataset: plan.dataset,
          digest,
          headlines: headlines(sums.figures),
        }),
      );
    });
  const reportPath = failed === null ? await writeReport(session, plan.backfillId, deps.reportsFolder) : null;
  const asOf = (
    failed === null
      ? (await session.one<{ createdAt: Date }>(newestRunEvidence(plan.backfillId))).createdAt
      : deps.now()
  ).toISOString();
  return {
    kind: 'concluded',
    failed,
    counts: await session.one<LedgerCounts>(countProgress(plan.backfillId)),
    evidence: { digest, asOf, checks, reportPath, headlines: headlines(sums.figures) },
  };
}

async function runChecks(
  session: Session,
  plan: BackfillPlan,
  figures: ReconciliationFigures,
  open: number,
): Promise<readonly Check[]> {
  const names = (await session.rows<{ batch: number | null; check: string }>(waivers(plan.backfillId)))
    .filter((one) => one.batch === null)
    .map((one) => one.check);
  const batchCheck: Check = {
    name: 'batches_passed',
    level: 'run',
    verdict: open === 0 ? 'pass' : 'fail',
    figure: `${plan.batches - open} of ${plan.batches}`,
    limit: 'every batch passed or waived',
  };
  // A row tolerance is granted to every batch; the run may use it as often as it has batches.
  const expected = {
    ...plan.spec.validation,
    rowCountTolerance: plan.spec.validation.rowCountTolerance * plan.batches,
    sourceTolerances: tolerances(plan),
    level: 'run' as const,
  };
  return waive([batchCheck, ...judge(figures, expected)], names);
}

function headlines(figures: ReconciliationFigures): string[] {
  return Object.entries(figures.measures).map(
    ([name, totals]) => `${name}: ${totals.old} → ${totals.new} (${formatPercent(percentChange(totals))})`,
  );
}
