import type { LedgerCounts } from '../src/domain/backfill-state.ts';
import { sameInputs } from '../src/domain/reference-input.ts';
import { voidApprovals } from '../src/ledger/approvals.ts';
import { countProgress } from '../src/ledger/counts.ts';
import { insertEvent } from '../src/ledger/events.ts';
import { decideInputs, forgetOtherInputs } from '../src/ledger/reference-inputs.ts';
import type { AcceptOutcome, WarehouseActivities } from '../src/protocol/activities.ts';
import type { Session } from '../src/warehouse/session.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import { withStoppableSession } from './cancel-when-asked.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { keepFound, lookAtInputs, readKnownInputs } from './reference-inputs.ts';
import { whileWorking } from './working.ts';

/**
 * A person tries again after an input changed: exactly the state that was shown becomes the one in force, and what was
 * built from another goes back to the queue. One that was put back needs no word: only what was built meanwhile goes.
 */
export function makeAcceptInputs(deps: ActivityDeps): WarehouseActivities['acceptInputs'] {
  return ({ backfillId, by }) =>
    whileWorking(async (working): Promise<AcceptOutcome> => {
      const { plan } = await withLedger(deps, (session) => loadPlan(session, backfillId));
      const settings = {
        applicationName: `backfill/${backfillId}/inputs`,
        statementTimeoutMs: plan.spec.execution.queryTimeoutMs,
        lockTimeoutMs: plan.spec.execution.lockTimeoutMs,
      };
      return withStoppableSession(deps, settings, working, async (session): Promise<AcceptOutcome> => {
        const { contents } = await lookAtInputs(session, plan, 'going on');
        const known = await readKnownInputs(session, plan);
        const { inForce, pending } = known;
        const isBack = sameInputs(inForce, contents);
        if (!isBack && !sameInputs(pending, contents))
          return { kind: 'changedAgain', reason: await keepFound(session, plan, known, contents) };
        await decide(session, backfillId, isBack ? null : { state: pending[0]?.state ?? 0, by });
        return { kind: 'accepted', counts: await session.one<LedgerCounts>(countProgress(backfillId)) };
      });
    });
}

/** When it is repeated nothing waits any more, and nothing of another state is left to forget. */
async function decide(
  session: Session,
  backfillId: string,
  accepted: { readonly state: number; readonly by: string } | null,
): Promise<void> {
  await withTransaction(session, async () => {
    const decided = await session.change(decideInputs(backfillId, accepted));
    let forgotten = 0;
    for (const statement of forgetOtherInputs(backfillId)) forgotten = await session.change(statement);
    await session.change(voidApprovals(backfillId, 'a reference input changed: what was approved is built again'));
    if (decided > 0)
      await session.change(
        insertEvent(
          backfillId,
          accepted === null ? 'reference inputs put back' : 'reference inputs accepted',
          accepted?.by ?? 'worker',
          { state: accepted?.state ?? null, partitionsToRebuild: forgotten },
        ),
      );
  });
}
