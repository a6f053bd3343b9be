import type { BackfillPlan } from '../domain/backfill-plan.ts';
import { formatName } from '../domain/names.ts';
import { ledgerIsThere } from '../ledger/ledger-is-there.ts';
import { countUnrestored, endedWithMovedRows } from '../ledger/unrestored.ts';
import type { Session } from '../warehouse/session.ts';

/**
 * What stands against correcting a base that shows a mixture: a release that was rolled back by hand while its rows moved
 * into it. A snapshot of that would be preserved as the trusted result.
 */
export async function unrestoredReasons(session: Session, dataset: string): Promise<readonly string[]> {
  if (!(await ledgerIsThere(session))) return [];
  const reasons: string[] = [];
  for (const { backfillId, plan } of await session.rows<{ backfillId: string; plan: BackfillPlan }>(
    endedWithMovedRows(dataset),
  )) {
    const partitions = await countUnrestored(session, plan);
    const snapshot = formatName(plan.snapshot);
    if (partitions > 0)
      reasons.push(
        `${dataset} shows a mixture: ${backfillId} was rolled back by hand while corrected rows moved into it, and ${partitions} of its partitions are not what ${snapshot} holds; restore them from it, then backfill doctor --remove ${backfillId}; or drop ${snapshot}, if the base is as it should be`,
      );
  }
  return reasons;
}
