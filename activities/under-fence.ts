import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { whyNoMoreFence } from '../src/domain/fence-limit.ts';
import type { Session } from '../src/warehouse/session.ts';
import { sql } from '../src/warehouse/sql.ts';
import { markTimeout, timedOutAfterMs } from '../src/warehouse/statement-timeout.ts';
import { failure } from './activity-failure.ts';

/**
 * A call that takes the fence: writers of the base stand behind it for as long as it takes, and never longer than
 * `publication.max_fence`. The session's own timeout bounds it: one set on the function would begin to count only with
 * its next statement.
 */
export async function underFence<T>(session: Session, plan: BackfillPlan, call: () => Promise<T>): Promise<T> {
  const { execution, publication } = plan.spec;
  await session.change(sql(`SET statement_timeout = ${Math.ceil(publication.maxFenceMs)}`));
  try {
    return await markTimeout(publication.maxFenceMs, call);
  } finally {
    await session.change(sql(`SET statement_timeout = ${Math.ceil(execution.queryTimeoutMs)}`)).catch(() => undefined);
  }
}

/** Trying again would only stop the writers again: comparing takes as long the next time. Null for what may pass by itself. */
export function tooLongUnderFence(plan: BackfillPlan, error: unknown): Error | null {
  if (timedOutAfterMs(error) === null || plan.contract.livePipeline.capture !== 'fingerprints') return null;
  return failure(
    'StatementRefused',
    `comparing ${plan.dataset} under the fence takes longer than publication.max_fence (${plan.spec.publication.maxFenceMs / 1_000} s), for which writers stand still; nothing was switched. Retry when the warehouse is quieter, or begin anew with a longer max_fence or a smaller source_range`,
  );
}

/** Ends the tries of one switch once they have stopped the writers for long enough. */
export function refuseMoreFence(
  plan: BackfillPlan,
  spent: { readonly tries: number; readonly stoodStillMs: number },
  last: string,
): void {
  const why = whyNoMoreFence({ dataset: plan.dataset, ...spent }, plan.spec.publication.maxFenceMs);
  if (why !== null) throw failure('StatementRefused', `${why}. The last one: ${last}. Retry when it pauses`);
}
