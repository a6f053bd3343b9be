import type { BackfillPlan } from '../domain/backfill-plan.ts';
import * as scratch from '../warehouse/postgres/statements/scratch.ts';
import { hideValues } from '../warehouse/hide-values.ts';
import type { Session } from '../warehouse/session.ts';
import { withReadOnly } from '../warehouse/session.ts';

/**
 * Temporary tables for as long as `work` lasts, filled and compared on one snapshot of the data: a live pipeline that writes
 * sources and table together is seen with both or with neither. The transaction is read-only, which temporary tables are
 * exempt from, and rolled back, so nothing that the contract's SQL calls can leave a trace.
 */
export async function withScratch<T>(session: Session, plan: BackfillPlan, work: () => Promise<T>): Promise<T> {
  await session.change(scratch.dropScratch());
  for (const statement of scratch.createScratch(plan)) await session.change(statement);
  try {
    return await withReadOnly(session, work);
  } catch (error) {
    throw hideValues(error, plan.contract.personal);
  } finally {
    await session.change(scratch.dropScratch());
  }
}

/** The server says what went wrong, we say where. */
export async function atPartition<T>(plan: BackfillPlan, start: string, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    if (error instanceof Error) error.message = `partition ${start} of ${plan.dataset}: ${error.message}`;
    throw error;
  });
}
