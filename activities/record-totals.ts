import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { recordPublishedTotals } from '../src/ledger/published-totals.ts';
import { shadowTotals } from '../src/warehouse/postgres/statements/slice-measures.ts';
import type { Session } from '../src/warehouse/session.ts';

/**
 * What readers are shown in total from here on. Measures that add up follow from the amendments; the others are counted
 * anew, over the whole overlay: where readers have been switched already, last in the transaction that changed it.
 */
export async function recordTotals(session: Session, plan: BackfillPlan): Promise<void> {
  if (plan.monitors.length === 0) return;
  const others = Object.keys(plan.contract.measures).filter((name) => !plan.additiveMeasures.includes(name));
  const counted =
    others.length === 0 ? {} : (await session.one<{ totals: Record<string, string> }>(shadowTotals(plan))).totals;
  const picked = Object.fromEntries(others.map((name) => [name, counted[name] ?? 'NaN']));
  await session.change(recordPublishedTotals(plan, picked));
}
