import type { PartitionedPlan } from '../ledger/partitions.ts';
import { bindNamed } from '../spec/sql-parameters.ts';
import { readExplain, stuckPredicate } from '../warehouse/postgres/explain.ts';
import { TRANSFORM_PARAMETERS, boundTransform } from '../warehouse/postgres/statements/corrected-rows.ts';
import type { Session } from '../warehouse/session.ts';
import { sql } from '../warehouse/sql.ts';

/**
 * A transform without placeholders is narrowed from outside. That is right only if the server pushes the predicate down
 * to the scans: above an aggregate or a window, every partition would read the whole history, and a window would see
 * one partition where it saw all.
 */
export async function modelReasons(session: Session, plan: PartitionedPlan): Promise<string[]> {
  const reasons: string[] = [];
  const start = plan.spec.interval[0]?.start ?? '';
  for (const era of plan.eras) {
    if (bindNamed(era.text, TRANSFORM_PARAMETERS).used.length > 0) continue;
    const query = boundTransform(era.text, plan);
    // Literals, so that the plan shows where they went.
    const shown = query.replace('$1', `'${start}'`).replace('$2', `'${start}'`);
    const stuck = stuckPredicate(readExplain(await session.one(sql(`EXPLAIN (FORMAT JSON) ${shown}`))), start);
    if (stuck !== null)
      reasons.push(
        `${era.file}: has no :partition_start and :partition_end, and the partition predicate stays at a ${stuck} node instead of reaching the scan; use the placeholders inside the query`,
      );
  }
  return reasons;
}
