import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { ComparedDimensions } from '../src/domain/comparison.ts';
import type { DimensionTotal } from '../src/ledger/compared-parts.ts';
import { dimensionTotals } from '../src/ledger/compared-parts.ts';
import type { Session } from '../src/warehouse/session.ts';

/** Every dimension over all batches, as they were compared last. */
export async function dimensionsOfRun(session: Session, plan: BackfillPlan): Promise<ComparedDimensions> {
  const { dimensions } = plan.contract;
  if (dimensions.length === 0) return {};
  const totals = await session.rows<DimensionTotal>(dimensionTotals(plan.backfillId));
  return Object.fromEntries(
    dimensions.map((dimension) => {
      const own = totals.filter((one) => one.dimension === dimension);
      return [dimension, own.some(({ crowded }) => crowded) ? null : own];
    }),
  );
}
