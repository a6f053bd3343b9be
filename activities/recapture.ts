import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { retryLock } from '../src/warehouse/retry-lock.ts';
import { attachCapture, captureIsWhole } from '../src/warehouse/postgres/statements/elevated.ts';
import type { Session } from '../src/warehouse/session.ts';

/**
 * Capture is on again, also where it was taken off on purpose, and what was written meanwhile is known by comparing the
 * whole base: without it nothing is published, and people would be asked about evidence that cannot be.
 */
export async function recapture(plan: BackfillPlan, session: Session): Promise<void> {
  if (plan.contract.livePipeline.capture === 'fingerprints') return;
  const { whole } = await session.one<{ whole: boolean }>(captureIsWhole(plan));
  if (!whole) await retryLock(() => session.rows(attachCapture(plan)));
}
