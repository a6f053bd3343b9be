import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { needsBaseline } from '../src/domain/monitor.ts';
import type { PlanSummary } from '../src/domain/plan-summary.ts';
import type { ActivityDeps } from './deps.ts';

/** What the workflow is told of a plan. */
export function planSummary(
  deps: Pick<ActivityDeps, 'searchAttributes'>,
  plan: BackfillPlan,
  { planHash, specHash }: Pick<PlanSummary, 'planHash' | 'specHash'>,
): PlanSummary {
  const { spec, contract } = plan;
  return {
    backfillId: plan.backfillId,
    dataset: plan.dataset,
    planHash,
    specHash,
    partitions: plan.partitions,
    batches: plan.batches,
    issue: spec.reason.issue,
    owner: spec.owner,
    publishedView: `${plan.view.schema}.${plan.view.name}`,
    approvers: contract.approvers,
    identification: contract.approval.identification,
    reopened: plan.reopened.map(({ name, approver }) => ({ name, approver })),
    signOff: contract.signOff,
    maxConcurrency: spec.execution.maxConcurrency,
    dailyBytesBudget: spec.execution.dailyBytesBudget,
    ...(spec.execution.dailyCostBudget == null ? {} : { dailyCostBudget: spec.execution.dailyCostBudget }),
    rollbackWindowMs: spec.rollback.windowMs,
    retainAfterSignOffMs: spec.rollback.retainAfterSignOffMs,
    ...(plan.monitors.length === 0
      ? {}
      : {
          monitors: plan.monitors.length,
          baselines: plan.monitors.some(({ expect }) => needsBaseline(expect)),
          autoRollback: spec.rollback.autoRollback,
        }),
    ...(plan.announce.length === 0 && contract.escalation === null ? {} : { announces: true }),
    startedSignalExpiresMs: contract.livePipeline.startedSignalExpiresMs,
    firstKey: spec.sourceRange.start,
    endKey: spec.sourceRange.end,
    detachStatement:
      contract.livePipeline.capture === 'fingerprints'
        ? 'no trigger is on the base table: it is compared by fingerprints'
        : `SELECT governance.${plan.functionPrefix}_detach_capture('${plan.backfillId}');`,
    searchAttributes: deps.searchAttributes ?? false,
  };
}
