import { isAdditive } from '../domain/additive.ts';
import { measured } from '../warehouse/postgres/statements/measured.ts';
import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { PartitionGrain } from '../domain/dataset-contract.ts';
import type { Sql } from '../warehouse/sql.ts';
import { ident, jsonObject, literal, qualified, sql } from '../warehouse/sql.ts';
import { NEWEST_CHECKS } from './compared-parts.ts';

/** One partition with every measure that is a sum: as the batches compared it, or of the base where it lies beside the interval. */
export interface SeriesRow {
  readonly start: string;
  readonly end: string;
  readonly month: string;
  readonly season: string;
  readonly inside: boolean;
  readonly old: Readonly<Record<string, string>>;
  readonly new: Readonly<Record<string, string>>;
}

const STEP: Readonly<Record<PartitionGrain, string>> = {
  hour: '1 hour',
  day: '1 day',
  week: '7 days',
  month: '1 month',
};
const SEASON: Readonly<Record<PartitionGrain, string>> = { hour: 'HH24', day: 'ID', week: '"week"', month: '"month"' };

/**
 * The series around every boundary, in key order. Rows that the live pipeline wrote stand in both series as they are now,
 * so that they make no step of either. Beside each range of the interval lies one partition of the base, where it has rows.
 */
export function boundarySeries(plan: BackfillPlan): Sql {
  const type = plan.keyType;
  const { grain, key: name, timeZone } = plan.contract.partition;
  const isInstant = type.startsWith('timestamp with time zone');
  const zone = literal(timeZone ?? 'UTC');
  const key = ident(name);
  const measures = Object.entries(plan.contract.measures).filter(([, expression]) => isAdditive(expression));
  const local = (instant: string): string =>
    isInstant ? `(${instant} AT TIME ZONE ${zone})` : `${instant}::timestamp`;
  const shifted = (instant: string, sign: '+' | '-'): string => {
    const moved = `(${local(instant)} ${sign} interval '${STEP[grain]}')`;
    return isInstant ? `(${moved} AT TIME ZONE ${zone})` : `${moved}::${type}`;
  };
  const added = (value: string): string =>
    jsonObject(
      measures.map(([measure]) => [
        measure,
        `((p -> 'measures' -> ${literal(measure)} ->> '${value}')::numeric + coalesce((p -> 'live' -> 'measures' ->> ${literal(measure)})::numeric, 0))::text`,
      ]),
    );
  const ofBase = measured(Object.fromEntries(measures));
  return sql(
    `WITH inside AS (SELECT p.value ->> 'partition' AS start, p.value AS p FROM (${NEWEST_CHECKS}) newest, jsonb_array_elements(newest.body -> 'partitions') p),
     compared AS (SELECT q.partition_start::${type} AS lo, q.partition_end::${type} AS hi, true AS inside, ${added('old')} AS old, ${added('new')} AS new
                    FROM inside JOIN governance.backfill_partitions q ON q.backfill_id = $1 AND q.partition_start = inside.start),
     ranges AS (SELECT (r ->> 'start')::${type} AS lo, (r ->> 'end')::${type} AS hi FROM jsonb_array_elements($2::jsonb) r),
     edges AS (SELECT ${shifted('lo', '-')} AS lo, lo AS hi FROM ranges UNION SELECT hi, ${shifted('hi', '+')} FROM ranges),
     beside AS (SELECT e.lo, e.hi, false AS inside, found.measures AS old, found.measures AS new
                  FROM edges e CROSS JOIN LATERAL (SELECT count(*) AS rows, ${ofBase} AS measures FROM ${qualified(plan.table)} b WHERE b.${key} >= e.lo AND b.${key} < e.hi) found
                 WHERE found.rows > 0 AND NOT EXISTS (SELECT FROM ranges r WHERE r.lo < e.hi AND e.lo < r.hi))
SELECT lo::text AS start, hi::text AS "end", to_char(${local('lo')}, 'YYYY-MM') AS month, to_char(${local('lo')}, ${literal(SEASON[grain])}) AS season, inside, old, new
  FROM (SELECT * FROM compared UNION ALL SELECT * FROM beside) s ORDER BY s.lo`,
    plan.backfillId,
    JSON.stringify(plan.keyRanges),
  );
}
