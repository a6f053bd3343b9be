import type { BackfillPlan } from '../domain/backfill-plan.ts';
import { measured } from '../warehouse/postgres/statements/measured.ts';
import type { Sql } from '../warehouse/sql.ts';
import { ident, literal, sql } from '../warehouse/sql.ts';

/** One month, or one point of neighbouring partitions, with every measure of both sides; a side without rows is null. */
export interface MeasureGroup {
  /** `2025-03`; null for a point. */
  readonly month: string | null;
  /** Number of the point from 0 in key order; null for a month. */
  readonly point: number | null;
  readonly old: Readonly<Record<string, string>> | null;
  readonly new: Readonly<Record<string, string>> | null;
}

export interface PointBounds {
  readonly point: number;
  readonly start: string;
  readonly end: string;
}

/** Names that no table has beside its own columns: measures are expressions over the row's unqualified columns. */
const SLOT = '"report: slot"';
const MONTH = '"report: month"';
const POINT = '"report: point"';

/**
 * Every measure by month and by point, old (snapshot) and new (shadow), each table read once. `perPoint` neighbouring
 * partitions make a point. Rows are sorted into partitions by binary search over the ledger's bounds, which costs the
 * same whatever the grain and needs no join. `tables` are quoted names as the catalogue gave them.
 */
export function measureSeries(
  plan: BackfillPlan,
  tables: { readonly old: string; readonly new: string },
  perPoint: number,
): Sql {
  return sql(
    `WITH bounds AS (SELECT array_agg(lo ORDER BY lo) AS starts, array_agg(hi ORDER BY lo) AS ends
                  FROM (SELECT partition_start::${plan.keyType} AS lo, partition_end::${plan.keyType} AS hi FROM governance.backfill_partitions WHERE backfill_id = $1) p),
     old AS (${grouped(plan, tables.old)}),
     new AS (${grouped(plan, tables.new)})
SELECT coalesce(old.month, new.month) AS month, coalesce(old.point, new.point) AS point, old.measures AS old, new.measures AS new
  FROM old FULL JOIN new USING (bucket) ORDER BY month, point`,
    plan.backfillId,
    perPoint,
  );
}

function grouped(plan: BackfillPlan, table: string): string {
  const key = ident(plan.contract.partition.key);
  return `SELECT coalesce(${MONTH}, ${POINT}::text) AS bucket, ${MONTH} AS month, ${POINT} AS point, ${measured(plan.contract.measures)} AS measures
       FROM (SELECT slotted.*, ${monthOf(plan, `slotted.${key}`)} AS ${MONTH}, (${SLOT} - 1) / $2::int AS ${POINT}
               FROM (SELECT t.*, width_bucket(t.${key}, (SELECT starts FROM bounds)) AS ${SLOT} FROM ${table} t) slotted
              WHERE ${SLOT} > 0 AND slotted.${key} < ((SELECT ends FROM bounds))[${SLOT}]) sliced
      GROUP BY GROUPING SETS ((${MONTH}), (${POINT}))`;
}

/** First and last key of every point: a partition without rows has a place in the series too. */
export function pointBounds(plan: Pick<BackfillPlan, 'backfillId' | 'keyType'>, perPoint: number): Sql {
  return sql(
    `SELECT point, min(lo)::text AS start, max(hi)::text AS "end"
       FROM (SELECT (row_number() OVER (ORDER BY partition_start::${plan.keyType}) - 1)::int / $2::int AS point, partition_start::${plan.keyType} AS lo, partition_end::${plan.keyType} AS hi
               FROM governance.backfill_partitions WHERE backfill_id = $1) p
      GROUP BY point ORDER BY point`,
    plan.backfillId,
    perPoint,
  );
}

/** Like a group of `measureSeries`, one measure a row, with the keys it covers. */
export interface BatchGroup {
  readonly month: string | null;
  readonly point: number | null;
  readonly start: string;
  readonly end: string;
  readonly measure: string;
  readonly old: string;
  readonly new: string;
}

/** The same from the figures of the batches, for when the tables are gone. A batch counts whole into the month it begins in. */
export function batchSeries(plan: BackfillPlan, perPoint: number): Sql {
  return sql(
    `SELECT month, point, min(lo)::text AS start, max(hi)::text AS "end", measure, sum(old)::text AS old, sum(new)::text AS new
       FROM (SELECT ${monthOf(plan, 'b.lo')} AS month, (dense_rank() OVER (ORDER BY b.lo) - 1)::int / $2::int AS point, b.lo, b.hi, m.key AS measure,
                    (m.value ->> 'old')::numeric AS old, (m.value ->> 'new')::numeric AS new
               FROM (SELECT range_start::${plan.keyType} AS lo, range_end::${plan.keyType} AS hi, figures FROM governance.backfill_batches WHERE backfill_id = $1 AND figures IS NOT NULL) b,
                    jsonb_each(b.figures -> 'measures') m) f
      GROUP BY GROUPING SETS ((month, measure), (point, measure)) ORDER BY month, point, measure`,
    plan.backfillId,
    perPoint,
  );
}

/** `2025-03` in the zone that the partitions are cut in. */
function monthOf(plan: Pick<BackfillPlan, 'keyType' | 'contract'>, key: string): string {
  const zoned = plan.keyType.startsWith('timestamp with time zone');
  const local = zoned
    ? `${key} AT TIME ZONE ${literal(plan.contract.partition.timeZone ?? 'UTC')}`
    : `${key}::timestamp`;
  return `to_char(${local}, 'YYYY-MM')`;
}
