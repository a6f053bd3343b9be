import type { BackfillPlan, PlannedTotal } from '../domain/backfill-plan.ts';
import type { PartitionedPlan } from '../ledger/partitions.ts';
import { partitionsQuery } from '../ledger/partitions.ts';
import { independentFigures } from '../warehouse/postgres/statements/independent-figures.ts';
import type { Session } from '../warehouse/session.ts';

/** Partitions that a file has no figure for, and figures that lie in no partition: said while planning, by file. */
export async function figureWarnings(
  session: Session,
  plan: PartitionedPlan,
  totals: BackfillPlan['sourceTotals'],
): Promise<string[]> {
  const warnings: string[] = [];
  for (const [name, total] of Object.entries(totals)) {
    if (total.figures === null) continue;
    const { missing, first, surplus } = await countFigures(session, plan, total);
    if (missing > 0)
      warnings.push(
        `source total ${name}: ${total.file} has no figure for ${missing} partitions, the first ${first ?? ''}`,
      );
    if (surplus > 0)
      warnings.push(`source total ${name}: ${surplus} figures of ${total.file} lie outside the interval`);
  }
  return warnings;
}

function countFigures(
  session: Session,
  plan: PartitionedPlan,
  total: PlannedTotal,
): Promise<{ missing: number; first: string | null; surplus: number }> {
  const query = partitionsQuery(plan);
  return session.one({
    ...query,
    text: `WITH planned AS (SELECT start::${plan.keyType} AS lo, "end"::${plan.keyType} AS hi FROM (${query.text}) p), figures AS (${independentFigures(plan, total)}),
     without AS (SELECT lo FROM planned WHERE NOT EXISTS (SELECT FROM figures f WHERE f.partition_start >= planned.lo AND f.partition_start < planned.hi))
SELECT (SELECT count(*)::int FROM without) AS missing, (SELECT min(lo)::text FROM without) AS first,
       (SELECT count(*)::int FROM figures f WHERE NOT EXISTS (SELECT FROM planned WHERE f.partition_start >= planned.lo AND f.partition_start < planned.hi)) AS surplus`,
  });
}
