import type { LedgerCounts } from '../src/domain/backfill-state.ts';
import type { Artifact } from '../src/ledger/artifacts.ts';
import { artifactsOf } from '../src/ledger/artifacts.ts';
import { countProgress } from '../src/ledger/counts.ts';
import { forgetBuilds } from '../src/ledger/partitions.ts';
import { logicReplaced, replacePlan } from '../src/ledger/replans.ts';
import { contractNow } from '../src/planning/contract-now.ts';
import { describeReplan } from '../src/planning/describe-replan.ts';
import type { Replan } from '../src/planning/draft-replan.ts';
import { draftReplan } from '../src/planning/draft-replan.ts';
import type { ReplanOutcome, WarehouseActivities } from '../src/protocol/activities.ts';
import { addToShadow, dropFromShadow } from '../src/warehouse/postgres/statements/added-columns.ts';
import { shapeView, viewShape } from '../src/warehouse/postgres/statements/elevated.ts';
import { grantOverlay } from '../src/warehouse/postgres/statements/prepare-overlay.ts';
import { retryLock } from '../src/warehouse/retry-lock.ts';
import type { Session } from '../src/warehouse/session.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import { sql } from '../src/warehouse/sql.ts';
import { withStoppableSession } from './cancel-when-asked.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { planSummary } from './plan-summary.ts';
import { whileWorking } from './working.ts';

/** Readers of an armed view hold a lock on the overlay too: whoever comes after us waits no longer than this. */
const LOCK_MS = 100;

/** Says what a replan would do; does it where exactly that was reviewed. Each step finds its own effect when it is repeated. */
export function makeReplan(deps: ActivityDeps): WarehouseActivities['replan'] {
  return ({ backfillId, by, planHash }) =>
    whileWorking(async (working): Promise<ReplanOutcome> => {
      const frozen = await withLedger(deps, (session) => loadPlan(session, backfillId));
      const settings = {
        applicationName: `backfill/${backfillId}/replan`,
        statementTimeoutMs: frozen.plan.spec.execution.queryTimeoutMs,
        lockTimeoutMs: 2_000,
      };
      return withStoppableSession(deps, settings, working, async (session): Promise<ReplanOutcome> => {
        if (planHash !== null && frozen.planHash.startsWith(planHash)) return replanned(deps, session, backfillId);
        const draft = await draftReplan(session, frozen, await contractNow(deps.contracts, frozen.plan.table));
        if (draft.kind === 'refused') return { kind: 'refused', reason: draft.reasons.join('; ') };
        const { replan } = draft;
        if (planHash === null) return { kind: 'proposed', planHash: replan.planHash, lines: describeReplan(replan) };
        if (!replan.planHash.startsWith(planHash))
          return {
            kind: 'refused',
            reason: `the plan would be ${replan.planHash.slice(0, 12)} by now, not ${planHash.slice(0, 12)}: table, view or contract changed since it was reviewed; review it again: backfill replan ${backfillId} --plan`,
          };
        await carry(session, replan, by);
        return replanned(deps, session, backfillId);
      });
    });
}

/** The shadow first: a column more harms nobody. Then plan and view in one transaction, so that no reader and no worker sees the one without the other. */
export async function carry(session: Session, replan: Replan, by: string): Promise<void> {
  const { plan } = replan;
  await extendShadow(session, replan);
  await retryLock(() =>
    withTransaction(session, async () => {
      await session.one(replacePlan({ ...replan, by }));
      if (replan.rebuild) for (const statement of forgetBuilds(plan.backfillId)) await session.change(statement);
      const { shape } = await session.one<{ shape: 'plain' | 'armed' | 'settled' | null }>(viewShape(plan));
      // A plain view is its owner's; arming gives it the columns of the plan.
      if (shape === 'armed' || shape === 'settled') {
        if (plan.securityInvoker) await session.change(grantOverlay(plan));
        await session.rows(shapeView(plan, shape));
      }
    }),
  );
}

/** A shadow that is not made yet will be made with the columns that the base has then. */
export async function extendShadow(session: Session, { plan, toAdd }: Pick<Replan, 'plan' | 'toAdd'>): Promise<void> {
  const artifacts = await session.rows<Artifact>(artifactsOf(plan.backfillId));
  if (toAdd.length === 0 || !artifacts.some(({ kind, present }) => kind === 'shadow' && present !== null)) return;
  await retryLock(() =>
    withTransaction(session, async () => {
      await session.change(sql(`SET LOCAL lock_timeout = ${LOCK_MS}`));
      for (const { column } of toAdd) await session.change(dropFromShadow(plan, column.name));
      for (const statement of addToShadow(plan, toAdd)) await session.change(statement);
    }),
  );
}

async function replanned(deps: ActivityDeps, session: Session, backfillId: string): Promise<ReplanOutcome> {
  const { plan, ...hashes } = await loadPlan(session, backfillId);
  const [last] = await session.rows<{ rebuild: boolean }>(logicReplaced(backfillId));
  return {
    kind: 'replanned',
    plan: planSummary(deps, plan, hashes),
    counts: await session.one<LedgerCounts>(countProgress(backfillId)),
    rebuild: last?.rebuild ?? false,
  };
}
