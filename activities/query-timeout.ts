import { ApplicationFailure } from '@temporalio/common';
import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { LedgerPartition } from '../src/ledger/partitions.ts';
import { countTimeout } from '../src/ledger/interruptions.ts';
import type { Sql } from '../src/warehouse/sql.ts';
import { timedOutAfterMs } from '../src/warehouse/statement-timeout.ts';
import type { FailureType } from '../src/protocol/failures.ts';
import { failure, TIMEOUT_TRIES, WHAT_TO_DO } from './activity-failure.ts';

const TIMED_OUT: FailureType = 'QueryTimeout';

/** The failure of a partition whose statement ran out of time, not yet counted; null for any other error. */
export function partitionTimedOut(
  plan: BackfillPlan,
  partition: LedgerPartition,
  error: unknown,
): ApplicationFailure | null {
  const timeoutMs = timedOutAfterMs(error);
  if (timeoutMs === null) return null;
  const message = `partition ${partition.start} of ${plan.dataset}: its statement ran longer than execution.query_timeout (${timeoutMs / 1000} s)`;
  return failure(TIMED_OUT, message, { cause: error, details: [partition.ordinal] });
}

/**
 * Counts the timeout in the ledger, where neither a dead worker nor another lane forgets it, and tells whether the
 * partition is tried again. Null where the error is none, or was counted before. After the third the count begins anew:
 * a person's `retry` is worth three tries.
 */
export async function countedTimeout(
  count: (statement: Sql) => Promise<{ tries: number }>,
  backfillId: string,
  error: unknown,
): Promise<ApplicationFailure | null> {
  if (!(error instanceof ApplicationFailure) || error.type !== TIMED_OUT) return null;
  const [ordinal] = (error.details ?? []) as [number?];
  if (ordinal === undefined) return null;
  const { tries } = await count(countTimeout(backfillId, ordinal, TIMEOUT_TRIES));
  const again = tries < TIMEOUT_TRIES;
  const message = `${error.message}, ${tries} of ${TIMEOUT_TRIES} times; ${again ? 'it is tried again' : WHAT_TO_DO}`;
  return failure(TIMED_OUT, message, { cause: error.cause, retry: again });
}
