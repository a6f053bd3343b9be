import { formatName } from '../src/domain/names.ts';
import { contentOf } from '../src/domain/reference-input.ts';
import type { LedgerCounts } from '../src/domain/backfill-state.ts';
import { countProgress } from '../src/ledger/counts.ts';
import { insertEvent } from '../src/ledger/events.ts';
import { ledgerIsThere } from '../src/ledger/ledger-is-there.ts';
import { insertBatches, insertPartitions } from '../src/ledger/partitions.ts';
import { insertInputs } from '../src/ledger/reference-inputs.ts';
import type { LedgerRun } from '../src/ledger/runs.ts';
import { findActiveRun, findRun, insertRun } from '../src/ledger/runs.ts';
import type { Draft } from '../src/planning/draft-plan.ts';
import { draftPlan } from '../src/planning/draft-plan.ts';
import { whyUnapprovable } from '../src/domain/required-approvals.ts';
import { readDocuments } from '../src/planning/read-documents.ts';
import { planHashOf } from '../src/planning/plan-hash.ts';
import type { PlanOutcome, WarehouseActivities } from '../src/protocol/activities.ts';
import { workflowIdOf } from '../src/protocol/identity.ts';
import { readLaunchInput } from '../src/spec/launch-input.ts';
import { formatProblem } from '../src/spec/spec-problem.ts';
import type { Session } from '../src/warehouse/session.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import { withStoppableSession } from './cancel-when-asked.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan } from './deps.ts';
import { planSummary } from './plan-summary.ts';
import { readResumption } from './read-resumption.ts';
import { whileWorking } from './working.ts';

const refused = (...reasons: readonly string[]): PlanOutcome => ({ kind: 'refused', reasons });

/** Parses again with authority, looks, samples, freezes. The same spec started again joins the run the ledger holds. */
export function makePlanBackfill(deps: ActivityDeps): WarehouseActivities['planBackfill'] {
  return ({ launch, workflowId }) =>
    whileWorking(async (working) => {
      const input = readLaunchInput(launch);
      if (input.problems.length > 0) return refused(...input.problems.map(formatProblem));
      const read = await readDocuments(input.specSource, input.overrides, deps.contracts, deps.now());
      if (!read.ok) return refused(...read.problems);
      const { documents } = read;
      const { backfillId } = documents.spec;
      if (workflowId !== workflowIdOf(backfillId))
        return refused(`workflow id ${workflowId} is not that of this spec: start it as ${workflowIdOf(backfillId)}`);
      const { execution, target } = documents.spec;
      const settings = {
        applicationName: `backfill/${backfillId}/plan`,
        statementTimeoutMs: execution.queryTimeoutMs,
        lockTimeoutMs: 2_000,
      };
      return withStoppableSession(deps, settings, working, async (session): Promise<PlanOutcome> => {
        const { known, active } = await runsHeld(session, backfillId, formatName(target.table));
        if (known !== null) return joinRun(session, known, documents.parsed.specHash, deps);
        if (active !== null) return refused(activeAlready(active));
        const draft = await draftPlan(session, documents, deps.prices, deps.secret);
        if (draft.kind === 'refused') return refused(...draft.reasons);
        const requestedBy = input.requestedBy ?? documents.spec.owner;
        const unapprovable = whyUnapprovable({ ...draft.plan.contract, reopened: draft.plan.reopened }, requestedBy);
        if (unapprovable !== null) return refused(unapprovable);
        await freeze(session, draft, { specHash: documents.parsed.specHash, requestedBy, workflowId });
        return planned(session, backfillId, deps, false);
      });
    });
}

function activeAlready({ dataset, backfillId, status }: LedgerRun): string {
  return `${dataset} has an active backfill already: ${backfillId} (${status}); finish, close or abort it first`;
}

/** What the ledger holds of this backfill, and what is active on the dataset. Where there is no ledger, the draft says so. */
async function runsHeld(
  session: Session,
  backfillId: string,
  dataset: string,
): Promise<{ readonly known: LedgerRun | null; readonly active: LedgerRun | null }> {
  if (!(await ledgerIsThere(session))) return { known: null, active: null };
  const [known] = await session.rows<LedgerRun>(findRun(backfillId));
  const [active] = await session.rows<LedgerRun>(findActiveRun(dataset));
  return { known: known ?? null, active: active ?? null };
}

async function joinRun(session: Session, known: LedgerRun, specHash: string, deps: ActivityDeps): Promise<PlanOutcome> {
  if (known.endedAt !== null)
    return refused(`${known.backfillId} has ended (${known.status}); a backfill_id is used once, choose another`);
  if (known.specHash !== specHash)
    return refused(
      `${known.backfillId} is under way with another spec or other overrides; restore the spec and the --set it was started with, or choose another backfill_id`,
    );
  return planned(session, known.backfillId, deps, true);
}

async function freeze(
  session: Session,
  { plan, rehearsal }: Extract<Draft, { kind: 'plan' }>,
  run: { readonly specHash: string; readonly requestedBy: string; readonly workflowId: string },
): Promise<void> {
  const planHash = planHashOf(plan);
  await withTransaction(session, async () => {
    await session.change(insertRun({ plan, planHash, ...run }));
    await session.change(insertBatches(plan));
    await session.change(insertPartitions(plan));
    if (plan.inputs.length > 0)
      await session.change(insertInputs(plan.backfillId, 1, plan.inputs.map(contentOf), run.requestedBy));
    await session.change(
      insertEvent(plan.backfillId, 'planned', run.requestedBy, {
        planHash,
        partitions: plan.partitions,
        batches: plan.batches,
        warnings: plan.warnings,
        rehearsed: rehearsal.partitions.map(({ partition }) => partition),
        checks: rehearsal.checks,
      }),
    );
  });
}

async function planned(
  session: Session,
  backfillId: string,
  deps: ActivityDeps,
  isJoined: boolean,
): Promise<PlanOutcome> {
  const { plan, requestedBy, ...hashes } = await loadPlan(session, backfillId);
  return {
    kind: 'planned',
    plan: planSummary(deps, plan, hashes),
    requestedBy,
    counts: await session.one<LedgerCounts>(countProgress(backfillId)),
    resume: isJoined ? await readResumption(session, plan, deps.reportsFolder) : null,
  };
}
