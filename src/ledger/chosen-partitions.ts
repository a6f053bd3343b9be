import type { SampleRun } from '../domain/estimate.ts';
import type { EraSlice } from '../warehouse/postgres/statements/corrected-rows.ts';
import type { Sql } from '../warehouse/sql.ts';
import { ident, literal, qualified, sql } from '../warehouse/sql.ts';
import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { PartitionedPlan } from './partitions.ts';
import { partitionsQuery } from './partitions.ts';

/** A partition of the plan's grid, whether the ledger holds it yet or not. */
export interface GridPartition extends EraSlice {
  readonly ordinal: number;
  readonly batch: number;
}

const GRID = 'ordinal, batch, era, start, "end"';

/** The partitions that begin at these keys, in their order. */
export function partitionsAt(plan: PartitionedPlan, starts: readonly string[]): Sql {
  const { text, values } = partitionsQuery(plan);
  return {
    text: `SELECT ${GRID} FROM (${text}) p WHERE start = ANY ($${values.length + 1}::text[]) ORDER BY ordinal`,
    values: [...values, starts],
  };
}

/** Every `stride`-th partition, and of an era that they pass over the first. */
export function spreadPartitions(plan: PartitionedPlan, stride: number): Sql {
  const { text, values } = partitionsQuery(plan);
  return {
    text: `WITH p AS (${text}), spread AS (SELECT * FROM p WHERE ordinal % $${values.length + 1}::int = 0)
           SELECT ${GRID}, weekend, true AS "isSpread" FROM spread
           UNION ALL (SELECT DISTINCT ON (era) ${GRID}, weekend, false FROM p WHERE era NOT IN (SELECT era FROM spread) ORDER BY era, ordinal) ORDER BY ordinal`,
    values: [...values, stride],
  };
}

/** Partitions of the interval in which nothing is published, the first `limit` of them, with their number. One look into the index a partition. */
export function missingPartitions(plan: PartitionedPlan, limit: number): Sql {
  const { text, values } = partitionsQuery(plan);
  const key = ident(plan.contract.partition.key);
  return {
    text: `SELECT start, count(*) OVER ()::int AS count FROM (${text}) p
            WHERE NOT EXISTS (SELECT FROM ${qualified(plan.contract.dataset)} b WHERE b.${key} >= p.start::${plan.keyType} AND b.${key} < p."end"::${plan.keyType})
            ORDER BY start::${plan.keyType} LIMIT $${values.length + 1}`,
    values: [...values, limit],
  };
}

/** How many partitions and batches each era has, by its number. */
export function eraSizes(plan: PartitionedPlan): Sql {
  const { text, values } = partitionsQuery(plan);
  return {
    text: `SELECT era, count(*)::int AS partitions, count(DISTINCT batch)::int AS batches FROM (${text}) p GROUP BY era ORDER BY era`,
    values,
  };
}

/** What checkpoints say of the logic: built partitions by era and by the hash of the transform that built them. */
export function eraBuilds(backfillId: string): Sql {
  return sql(
    `SELECT era, transform_sha256 AS "transformSha256", count(*)::int AS partitions FROM governance.backfill_partitions
      WHERE backfill_id = $1 AND state = 'built' GROUP BY era, transform_sha256 ORDER BY era, transform_sha256`,
    backfillId,
  );
}

/** The sampled partition of median size with its neighbours: what the idempotency proof builds. */
export function proofPartitions(plan: PartitionedPlan, samples: readonly SampleRun[]): Sql {
  const sorted = [...samples].sort((a, b) => a.rowsOut - b.rowsOut);
  const median = sorted[Math.floor(sorted.length / 2)]?.partition ?? '';
  const { text, values } = partitionsQuery(plan);
  return {
    text: `WITH p AS MATERIALIZED (${text}), chosen AS (SELECT ordinal FROM p ORDER BY start = $${values.length + 1} DESC, ordinal LIMIT 1)
           SELECT era, start, "end", p.ordinal = chosen.ordinal AS chosen FROM p, chosen
            WHERE p.ordinal BETWEEN chosen.ordinal - 1 AND chosen.ordinal + 1 ORDER BY p.ordinal`,
    values: [...values, median],
  };
}

/** A partition after the interval; `fresh`: it has been over for less time than it lasted. */
export interface ClosedPartition extends GridPartition {
  readonly fresh: boolean;
}

/** The newest partitions after the interval that are over by the server's clock and hold rows of the base table, oldest first. */
export function closedAfterInterval(plan: BackfillPlan, limit: number): Sql {
  const { interval } = plan.spec;
  const zone = plan.contract.partition.timeZone ?? 'UTC';
  const start = interval.at(-1)?.end ?? '';
  // Far enough to hold today in every zone; what is not over yet is left out by its end.
  const ahead = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10);
  const { text, values } = partitionsQuery({
    ...plan,
    spec: { ...plan.spec, interval: start < ahead ? [{ start, end: ahead }] : [] },
  });
  const type = plan.keyType;
  const now = type.startsWith('timestamp with time zone') ? 'now()' : `now() AT TIME ZONE ${literal(zone)}`;
  const key = ident(plan.contract.partition.key);
  return {
    text: `SELECT * FROM (SELECT ${GRID}, "end"::${type} + ("end"::${type} - start::${type}) > ${now} AS fresh FROM (${text}) p
             WHERE "end"::${type} <= ${now}
               AND EXISTS (SELECT FROM ${qualified(plan.table)} b WHERE b.${key} >= p.start::${type} AND b.${key} < p."end"::${type})
             ORDER BY start::${type} DESC LIMIT $${values.length + 1}) newest ORDER BY start::${type}`,
    values: [...values, limit],
  };
}
