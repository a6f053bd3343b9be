import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { ReconciliationFigures } from '../domain/batch-verdict.ts';
import type { ComparedRow } from '../domain/comparison.ts';
import { headlineMeasure } from '../domain/delta-distribution.ts';
import type { DrillDown } from '../domain/drill-down.ts';
import { amendedPartitionsAllowed } from '../domain/envelope.ts';
import { formatName } from '../domain/names.ts';
import type { PreviousEvidence } from '../domain/previous-evidence.ts';
import type { Check } from '../domain/verdict.ts';
import type { Amendment } from '../ledger/amendments.ts';
import { amendmentsSinceEvidence, listAmendments } from '../ledger/amendments.ts';
import type { BatchCheckCounts, NoticedBatch } from '../ledger/batch-checks.ts';
import { countBatchChecks, countBatchStates, noticedBatches } from '../ledger/batch-checks.ts';
import { sumBatches } from '../ledger/batches.ts';
import type { ChangedRow } from '../ledger/changed-rows.ts';
import { exampleRows, largestChanges } from '../ledger/changed-rows.ts';
import { listNotices } from '../ledger/downstream-notices.ts';
import { evidenceOf, newestRunEvidence } from '../ledger/evidence.ts';
import { monitorHistory } from '../ledger/monitor-results.ts';
import { measureLiveWrites } from '../ledger/measure-live-writes.ts';
import type { PartitionOfNote } from '../ledger/partitions-of-note.ts';
import { partitionsOfNote } from '../ledger/partitions-of-note.ts';
import type { LedgerRun } from '../ledger/runs.ts';
import { findRun, readPlan } from '../ledger/runs.ts';
import type { WorkDone } from '../ledger/work-done.ts';
import { workDone } from '../ledger/work-done.ts';
import type { Session } from '../warehouse/session.ts';
import { withReadOnly } from '../warehouse/session.ts';
import { sql } from '../warehouse/sql.ts';
import { reportCommands } from './commands.ts';
import { readDecisions } from './read-decisions.ts';
import type { ProofBody } from './read-logic.ts';
import { readLogic } from './read-logic.ts';
import { readMeasures } from './read-measures.ts';
import type { Report, ReportedMonitor, ReportedNotice, ReportedPlan, RestatedPeriod } from './report.ts';
import { summarise } from './summary.ts';
import { verifyEvidence } from './verify-evidence.ts';

/** Rows and lists that a person still reads; what is beyond stays in the ledger. */
const CHANGED_ROWS = 100;
const EXAMPLES = 10;
const NOTICED_BATCHES = 200;
const AMENDMENTS = 200;
const PARTITIONS_OF_NOTE = 200;
const MONITOR_TURNS = 200;

interface RunEvidence {
  readonly digest: string;
  readonly createdAt: Date;
  readonly body: {
    readonly server: string;
    readonly previous: PreviousEvidence | null;
    readonly figures: ReconciliationFigures;
    readonly closedPeriods?: readonly RestatedPeriod[];
    readonly drillDowns: readonly DrillDown[];
    readonly checks: readonly Check[];
    readonly proofs: readonly ProofBody[];
  };
}

interface Frame {
  readonly run: LedgerRun;
  readonly plan: BackfillPlan;
  readonly evidence: RunEvidence | null;
  readonly figures: ReconciliationFigures;
}

/**
 * Reads the whole report in one consistent, read-only view of ledger and data, in a transaction of its own on `session`.
 * Scans snapshot and shadow once each while they exist: give the session a statement timeout that allows for it.
 * Throws when the ledger has no such run, or the database's own error.
 */
export async function readReport(session: Session, backfillId: string): Promise<Report> {
  return withReadOnly(session, async () => {
    const frame = await readFrame(session, backfillId);
    const { run, plan, evidence, figures } = frame;
    const verification = await verifyEvidence(session, backfillId);
    const { at } = await session.one<{ at: Date }>(sql('SELECT clock_timestamp() AS at'));
    const report = {
      version: 1 as const,
      generatedAt: at.toISOString(),
      backfillId,
      dataset: plan.dataset,
      publishedView: formatName(plan.view),
      workflowId: run.workflowId,
      status: run.status,
      requestedBy: run.requestedBy,
      reason: plan.spec.reason,
      evidence:
        evidence === null || verification === null
          ? null
          : {
              digest: evidence.digest,
              asOf: evidence.createdAt.toISOString(),
              server: evidence.body.server,
              verification,
              previous: evidence.body.previous,
            },
      plan: reportedPlan(plan, run.planHash),
      closedPeriods: evidence?.body.closedPeriods ?? [],
      work: {
        estimate: plan.estimate,
        actual: await session.one<WorkDone>(workDone(backfillId)),
        rowsWritten: figures.rowsNew,
      },
      figures,
      ...(await readMeasures(session, plan, figures)),
      ...(await readChecks(session, frame)),
      explanations: Object.entries(plan.contract.explanations).map(([name, condition]) => ({
        name,
        condition,
        rows: figures.explained[name] ?? 0,
      })),
      partitionsOfNote: {
        listed: await session.rows<PartitionOfNote>(partitionsOfNote(backfillId, PARTITIONS_OF_NOTE)),
        most: PARTITIONS_OF_NOTE,
      },
      changedRows: {
        measure: Object.keys(plan.contract.measures)[0] ?? '',
        keyColumns: plan.uniqueKey,
        rows: await session.rows<ChangedRow>(largestChanges(backfillId, CHANGED_ROWS)),
      },
      headlineMeasure: headlineMeasure(plan.contract.measures),
      drillDowns: evidence?.body.drillDowns ?? [],
      examples: {
        changed: await session.rows<ComparedRow>(exampleRows(backfillId, 'changed', EXAMPLES)),
        unchanged: await session.rows<ComparedRow>(exampleRows(backfillId, 'unchanged', EXAMPLES)),
      },
      liveWrites: await readLiveWrites(session, frame),
      monitors: await session.rows<ReportedMonitor>(monitorHistory(backfillId, MONITOR_TURNS)),
      downstream: await session.rows<ReportedNotice>(listNotices(backfillId)),
      ...(await readDecisions(session, plan)),
      commands: reportCommands(
        backfillId,
        run.workflowId,
        evidence?.digest ?? null,
        plan.contract.approval.identification,
      ),
    };
    return { ...report, summary: summarise(report) };
  });
}

async function readFrame(session: Session, backfillId: string): Promise<Frame> {
  const [run] = await session.rows<LedgerRun>(findRun(backfillId));
  if (run === undefined)
    throw new Error(`the ledger of this warehouse has no backfill ${backfillId}; "backfill list" shows those it has`);
  const { plan } = await session.one<{ plan: BackfillPlan }>(readPlan(backfillId));
  const [evidence] = await session.rows<RunEvidence>(newestRunEvidence(backfillId));
  const soFar = await session.one<{ figures: ReconciliationFigures }>(sumBatches(backfillId));
  return { run, plan, evidence: evidence ?? null, figures: evidence?.body.figures ?? soFar.figures };
}

async function readChecks(
  session: Session,
  { plan, evidence }: Frame,
): Promise<Pick<Report, 'checks' | 'proofs' | 'logic' | 'batches'>> {
  const { backfillId } = plan;
  const proved =
    evidence?.body.proofs ??
    (await session.rows<{ body: ProofBody }>(evidenceOf(backfillId, 'proof'))).map((one) => one.body);
  const states = await session.one<Pick<Report['batches'], 'total' | 'planned' | 'passed' | 'failed' | 'waived'>>(
    countBatchStates(backfillId),
  );
  return {
    checks: evidence?.body.checks ?? [],
    proofs: proved.flatMap((proof) => proof.checks),
    logic: await readLogic(session, plan, proved),
    batches: {
      ...states,
      checks: await session.rows<BatchCheckCounts>(countBatchChecks(backfillId)),
      noticed: await session.rows<NoticedBatch>(noticedBatches(backfillId, NOTICED_BATCHES)),
    },
  };
}

async function readLiveWrites(session: Session, { plan, figures }: Frame): Promise<Report['liveWrites']> {
  const { lateDrift } = plan.spec.publication;
  const lag = await measureLiveWrites(session, plan);
  const amended = await session.one<{ partitions: number; moved: Record<string, string> }>(
    amendmentsSinceEvidence(plan.backfillId),
  );
  return {
    rows: figures.rowsLive,
    openMarks: lag.openMarks,
    lag,
    amendedPartitions: amended.partitions,
    allowedPartitions: amendedPartitionsAllowed(lateDrift, plan.partitions),
    moved: amended.moved,
    allowedMeasurePercent: lateDrift.measurePercent,
    amendments: await session.rows<Amendment>(listAmendments(plan.backfillId, AMENDMENTS)),
  };
}

function reportedPlan(plan: BackfillPlan, planHash: string): ReportedPlan {
  return {
    planHash,
    codeVersion: plan.codeVersion,
    contractsDirty: plan.contractsDirty,
    contractSha256: plan.contractSha256,
    owner: plan.spec.owner,
    approvers: plan.contract.approvers,
    identification: plan.contract.approval.identification,
    reopened: plan.reopened,
    signOff: plan.contract.signOff,
    grain: plan.contract.partition.grain,
    partitions: plan.partitions,
    batches: plan.batches,
    keyRanges: plan.keyRanges,
    snapshot: formatName(plan.snapshot),
    shadow: formatName(plan.shadow),
    spec: plan.spec,
    overrides: plan.overrides,
    defaults: plan.defaults,
    transforms: plan.eras.map(({ from, file, sha256 }) => ({ from, file, sha256 })),
    addedColumns: plan.addedColumns,
    warnings: plan.warnings,
  };
}
