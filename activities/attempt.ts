import { setTimeout as delay } from 'node:timers/promises';
import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { cancelPredecessors, closeAttempt, newerAttempt, openAttempt } from '../src/ledger/attempts.ts';
import { hideValues } from '../src/warehouse/hide-values.ts';
import type { Session } from '../src/warehouse/session.ts';
import { withSession } from '../src/warehouse/session.ts';
import { isCancelled } from '../src/warehouse/sqlstate.ts';
import { failure } from './activity-failure.ts';
import { cancelWhenAsked } from './cancel-when-asked.ts';
import type { ActivityDeps } from './deps.ts';
import { withLedger } from './deps.ts';
import { countedTimeout } from './query-timeout.ts';
import { whyDrifted } from './refuse-drift.ts';
import type { Working } from './working.ts';

export interface Attempt {
  readonly session: Session;
  readonly fence: number;
}

/** A predecessor's statement gets this long to end after it was cancelled; its claim is fenced off in any case. */
const PREDECESSOR_MS = 5_000;
/** After a stop was asked for, a statement gets this long to reach its boundary before it is cancelled. */
const GRACE_MS = 5_000;

/**
 * A session of its own for one attempt at a lane's work: fence drawn, backend noted, what an older attempt still runs
 * cancelled. When a stop is asked for and the present statement does not end, it is cancelled too: ours alone, by pid.
 */
export async function withAttempt<T>(
  deps: ActivityDeps,
  plan: BackfillPlan,
  lane: number,
  working: Working,
  use: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  const { execution } = plan.spec;
  const settings = {
    applicationName: `backfill/${plan.backfillId}/${lane}`,
    statementTimeoutMs: execution.queryTimeoutMs,
    lockTimeoutMs: execution.lockTimeoutMs,
  };
  return withSession(deps.pool, settings, async (session) => {
    const { fence } = await session.one<{ fence: number }>(openAttempt(plan.backfillId, lane));
    await endPredecessors(session, plan.backfillId, lane, fence);
    const stop = cancelWhenAsked(deps, session.backendPid, working, GRACE_MS);
    try {
      return await use({ session, fence });
    } catch (error) {
      const { backfillId } = plan;
      throw (
        (await whyCancelled(deps, error, { backfillId, lane, fence })) ??
        (await whyDrifted(deps, plan, error)) ??
        (await countedTimeout((count) => withLedger(deps, (ledger) => ledger.one(count)), backfillId, error)) ??
        hideValues(error, plan.contract.personal)
      );
    } finally {
      await stop();
      await withLedger(deps, (ledger) => ledger.change(closeAttempt(fence))).catch(() => undefined);
    }
  });
}

/** A statement that a successor cancelled is no slow one: where it was taken from the attempt in force, that one comes back. */
async function whyCancelled(
  deps: ActivityDeps,
  error: unknown,
  { backfillId, lane, fence }: { readonly backfillId: string; readonly lane: number; readonly fence: number },
): Promise<Error | null> {
  if (!isCancelled(error)) return null;
  const [newer] = await withLedger(deps, (ledger) =>
    ledger.rows<{ fence: number }>(newerAttempt(backfillId, lane, fence)),
  );
  if (newer === undefined) return null;
  const message = `lane ${lane} of ${backfillId} was taken over by attempt ${newer.fence}; this is attempt ${fence}`;
  return failure('StaleFence', message, { cause: error });
}

async function endPredecessors(session: Session, backfillId: string, lane: number, fence: number): Promise<void> {
  const deadline = Date.now() + PREDECESSOR_MS;
  while ((await session.rows(cancelPredecessors(backfillId, lane, fence))).length > 0 && Date.now() < deadline)
    await delay(100);
}
