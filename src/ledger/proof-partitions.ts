import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** The sampled partition of median size with its neighbours: what the idempotency proof builds. */
export function proofPartitions(plan: BackfillPlan): Sql {
  const sorted = [...plan.estimate.samples].sort((a, b) => a.rowsOut - b.rowsOut);
  const median = sorted[Math.floor(sorted.length / 2)]?.partition ?? '';
  return sql(
    `WITH chosen AS (SELECT ordinal FROM governance.backfill_partitions WHERE backfill_id = $1 ORDER BY partition_start = $2 DESC, ordinal LIMIT 1)
     SELECT p.era, p.partition_start AS start, p.partition_end AS "end", p.ordinal = chosen.ordinal AS chosen
       FROM governance.backfill_partitions p, chosen WHERE p.backfill_id = $1 AND p.ordinal BETWEEN chosen.ordinal - 1 AND chosen.ordinal + 1 ORDER BY p.ordinal`,
    plan.backfillId,
    median,
  );
}
