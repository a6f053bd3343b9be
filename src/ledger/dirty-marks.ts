import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { Sql } from '../warehouse/sql.ts';
import { literal, sql } from '../warehouse/sql.ts';
import { PARTITION } from './partitions.ts';

/**
 * A TRUNCATE marks everything with one row without a key; this writes it out as one mark a partition. A row that moves
 * over the interval's edge marks its outer side too; no partition answers for that mark, and it goes.
 */
export function expandMarks(plan: Pick<BackfillPlan, 'backfillId' | 'keyType' | 'keyRanges'>): Sql {
  const inside = plan.keyRanges.map(
    ({ start, end }) =>
      `key::${plan.keyType} >= ${literal(start)}::${plan.keyType} AND key::${plan.keyType} < ${literal(end)}::${plan.keyType}`,
  );
  return sql(
    `WITH gone AS (DELETE FROM governance.dirty_partitions WHERE backfill_id = $1 AND (key IS NULL OR NOT (${inside.join(' OR ')})) RETURNING key)
     INSERT INTO governance.dirty_partitions (backfill_id, key)
     SELECT p.backfill_id, p.partition_start FROM governance.backfill_partitions p WHERE p.backfill_id = $1 AND EXISTS (SELECT FROM gone WHERE key IS NULL)`,
    plan.backfillId,
  );
}

/** Partitions with open marks, oldest mark first; `dirty` is how many there are in all. */
export function dirtyPartitions(plan: Pick<BackfillPlan, 'backfillId' | 'keyType'>, limit: number): Sql {
  return sql(
    `SELECT ${PARTITION}, count(*) OVER ()::int AS dirty FROM (
       SELECT p.*, min(d.mark) AS first_mark FROM governance.backfill_partitions p
         JOIN governance.dirty_partitions d ON d.backfill_id = $1 AND d.key::${plan.keyType} >= p.partition_start::${plan.keyType} AND d.key::${plan.keyType} < p.partition_end::${plan.keyType}
        WHERE p.backfill_id = $1 GROUP BY p.backfill_id, p.ordinal) dirty ORDER BY first_mark LIMIT $2`,
    plan.backfillId,
    limit,
  );
}

/** Consolidation writes the base itself; its own marks go in the transaction that made them. */
export function forgetOwnMarks(backfillId: string): Sql {
  return sql(
    'DELETE FROM governance.dirty_partitions WHERE backfill_id = $1 AND xid = pg_current_xact_id()',
    backfillId,
  );
}

export function markPartition(backfillId: string, key: string): Sql {
  return sql('INSERT INTO governance.dirty_partitions (backfill_id, key) VALUES ($1, $2)', backfillId, key);
}

/** What is dirty at this moment: marks, the partitions that they touch, the oldest, what a build took on average, and how far the base is compared where nothing marks it. */
export function dirtyNow(plan: Pick<BackfillPlan, 'backfillId' | 'keyType'>): Sql {
  return sql(
    `WITH marks AS MATERIALIZED (SELECT key, count(*) AS marks, min(at) AS at FROM governance.dirty_partitions WHERE backfill_id = $1 GROUP BY key)
     SELECT clock_timestamp() AS at, (SELECT coalesce(sum(marks), 0)::int FROM marks) AS "openMarks", (SELECT min(at) FROM marks) AS "oldestMarkAt",
            (SELECT count(*)::int FROM governance.backfill_partitions p WHERE p.backfill_id = $1
                AND EXISTS (SELECT FROM marks d WHERE d.key IS NULL OR d.key::${plan.keyType} >= p.partition_start::${plan.keyType} AND d.key::${plan.keyType} < p.partition_end::${plan.keyType})) AS "dirtyPartitions",
            (SELECT avg(duration_ms)::float8 / 1000 FROM governance.backfill_partitions WHERE backfill_id = $1) AS "buildSeconds",
            (SELECT compared_as_of FROM governance.base_comparisons WHERE backfill_id = $1 AND NOT EXISTS (SELECT FROM governance.captured_leaves WHERE backfill_id = $1)) AS "comparedAsOf"`,
    plan.backfillId,
  );
}

/** Partitions of one batch with open marks. */
export function dirtyPartitionsOfBatch(plan: Pick<BackfillPlan, 'backfillId' | 'keyType'>, batch: number): Sql {
  return sql(
    `SELECT p.ordinal FROM governance.backfill_partitions p WHERE p.backfill_id = $1 AND p.batch = $2
        AND EXISTS (SELECT FROM governance.dirty_partitions d WHERE d.backfill_id = $1
          AND (d.key IS NULL OR d.key::${plan.keyType} >= p.partition_start::${plan.keyType} AND d.key::${plan.keyType} < p.partition_end::${plan.keyType}))`,
    plan.backfillId,
    batch,
  );
}
