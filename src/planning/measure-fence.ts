import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { KeyRange } from '../domain/backfill-spec.ts';
import { baseFingerprint } from '../warehouse/postgres/statements/base-fingerprint.ts';
import type { Session } from '../warehouse/session.ts';

/** Milliseconds that comparing every partition takes, from the samples; null where triggers tell and nothing is compared. */
export async function measureFence(
  session: Session,
  plan: BackfillPlan,
  samples: readonly KeyRange[],
): Promise<number | null> {
  if (plan.contract.livePipeline.capture === 'triggers') return null;
  let took = 0;
  for (const sample of samples) {
    // As under the fence: everything was compared a moment before.
    await session.one(baseFingerprint(plan, sample));
    const began = performance.now();
    await session.one(baseFingerprint(plan, sample));
    took += performance.now() - began;
  }
  return (took / Math.max(1, samples.length)) * plan.partitions;
}
