import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { LedgerBatch } from '../src/ledger/batches.ts';
import { claimBatch } from '../src/ledger/batches.ts';
import { failure } from './activity-failure.ts';
import type { Attempt } from './attempt.ts';

/** Puts the attempt's fence on a batch, as it stands in the ledger; a batch that a newer attempt holds is not taken back. */
export async function holdBatch({ session, fence }: Attempt, plan: BackfillPlan, number: number): Promise<LedgerBatch> {
  const [batch] = await session.rows<LedgerBatch>(claimBatch(plan.backfillId, number, fence));
  if (batch === undefined)
    throw failure('StaleFence', `batch ${number} of ${plan.backfillId} is held by a newer attempt`);
  return batch;
}
