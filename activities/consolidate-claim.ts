import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { forgetOwnMarks, countMarks, markPartition } from '../src/ledger/dirty-marks.ts';
import type { LedgerPartition } from '../src/ledger/partitions.ts';
import { countPartitions, markConsolidated, nextUnconsolidated } from '../src/ledger/partitions.ts';
import type { ConsolidationResult, WarehouseActivities } from '../src/protocol/activities.ts';
import { consolidatePartition } from '../src/warehouse/postgres/statements/elevated.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import { failure } from './activity-failure.ts';
import type { Attempt } from './attempt.ts';
import { withAttempt } from './attempt.ts';
import { catchUp } from './catch-up.ts';
import { WHOLE_RUN } from './conclude-evidence.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { createGate } from './gate.ts';
import { retryLock } from './retry-lock.ts';
import { rolledBackByHand } from './watch-live-writes.ts';
import { whileWorking } from './working.ts';

/** One claim works about this long, so that progress shows and a pause is heard in the workflow. */
const CLAIM_MS = 5_000;
/** A partition that the live pipeline keeps different from its own sources is a person's decision. */
const TRIES = 3;

/** Corrected rows into the base, partition by partition; each transaction is one partition with its checkpoint. */
export function makeConsolidateClaim(deps: ActivityDeps): WarehouseActivities['consolidateClaim'] {
  return ({ backfillId, limits }) =>
    whileWorking(async (working) => {
      const { plan } = await withLedger(deps, (session) => loadPlan(session, backfillId));
      const gate = createGate(deps, plan, limits);
      return withAttempt(deps, plan, WHOLE_RUN, working, async (attempt): Promise<ConsolidationResult> => {
        const began = Date.now();
        const result = async (stopped: ConsolidationResult['stopped']): Promise<ConsolidationResult> => {
          const { total, consolidated } = await attempt.session.one<{ total: number; consolidated: number }>(
            countPartitions(backfillId),
          );
          return { upTo: consolidated, done: consolidated === total, stopped };
        };
        for (;;) {
          if (working.asked()) return result({ kind: 'asked' });
          const decision = await gate.ask();
          if (!decision.open)
            return result({
              kind: 'gate',
              reason: decision.reason,
              ...(decision.until === undefined ? {} : { until: decision.until }),
            });
          const undone = await rolledBackByHand(attempt.session, plan);
          if (undone !== null) return result({ kind: 'rolledBack', at: undone.at });
          await follow(plan, attempt);
          const [partition] = await attempt.session.rows<LedgerPartition>(nextUnconsolidated(backfillId));
          if (partition === undefined || Date.now() - began > CLAIM_MS) return result(null);
          working.at({ consolidating: partition.start });
          await consolidateOne(plan, attempt, partition);
        }
      });
    });
}

/** Late writes first: what they touched is rebuilt, and so consolidated again. */
async function follow(plan: BackfillPlan, attempt: Attempt): Promise<void> {
  const { marks } = await attempt.session.one<{ marks: number }>(countMarks(plan.backfillId));
  if (marks > 0) await catchUp(plan, attempt, plan.spec.execution.maxConcurrency, true);
}

async function consolidateOne(plan: BackfillPlan, attempt: Attempt, partition: LedgerPartition): Promise<void> {
  for (let attemptNumber = 1; ; attemptNumber += 1) {
    const { done } = await retryLock(() =>
      withTransaction(attempt.session, async () => {
        const outcome = await attempt.session.one<{ done: { left: number } }>(
          consolidatePartition(plan, partition.ordinal),
        );
        await attempt.session.change(forgetOwnMarks(plan.backfillId));
        if (outcome.done.left === 0) await attempt.session.change(markConsolidated(plan.backfillId, partition.ordinal));
        else await attempt.session.change(markPartition(plan.backfillId, partition.start));
        return outcome;
      }),
    );
    if (done.left === 0) return;
    if (attemptNumber === TRIES)
      throw failure(
        'StatementRefused',
        `partition ${partition.start} of ${plan.dataset}: ${done.left} rows written by the live pipeline differ from what the corrected logic makes of the sources; correct the pipeline or the sources, then retry`,
      );
    await catchUp(plan, attempt, plan.spec.execution.maxConcurrency, true);
  }
}
