import { MOST_VALUES } from '../../../domain/comparison.ts';
import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import { ident, literal } from '../../sql.ts';
import { isPersonal, shownValue } from './masked.ts';
import { measured } from './measured.ts';

/** Names that no table has beside its own columns: measures are expressions over the row's unqualified columns. */
const LIVE = '"compared: live"';
const SLOT = '"compared: slot"';
/** Grouped by what is shown: two values that are shown alike are one, and none is lost. */
const maskedDimension = (place: number): string => `"compared: masked ${place}"`;

/**
 * Every measure of every side over all its rows, over live and other rows, by partition and by dimension: one pass over
 * the rows of each side. Of the base the live rows alone count.
 */
export function measuredGroups(plan: BackfillPlan): string {
  const sides = [side(plan, 'old', 'o', 'has_old'), side(plan, 'new', 'n', 'has_new'), liveInBase(plan)];
  return `SELECT coalesce(jsonb_agg(jsonb_build_object('side', side, 'kind', kind, 'live', live, 'value', value, 'rows', rows, 'among', among, 'measures', measures)), '[]')
    FROM (SELECT *, count(*) OVER (PARTITION BY side, kind) AS among, row_number() OVER (PARTITION BY side, kind) AS place FROM (${sides.join('\n    UNION ALL ')}) grouped WHERE kind NOT LIKE 'by:%' OR NOT live) counted
   WHERE kind NOT LIKE 'by:%' OR among <= ${MOST_VALUES} OR place = 1`;
}

function side(plan: BackfillPlan, name: string, rows: string, present: string): string {
  const dimensions = plan.contract.dimensions.map((column, place) =>
    isPersonal(plan, column) ? maskedDimension(place) : ident(column),
  );
  const masked = plan.contract.dimensions.flatMap((column, place) =>
    isPersonal(plan, column)
      ? [`${shownValue(plan, column, `(${rows}).${ident(column)}`)} AS ${maskedDimension(place)}, `]
      : [],
  );
  const sets = ['()', `(${LIVE})`, `(${SLOT}, ${LIVE})`, ...dimensions.map((one) => `(${LIVE}, ${one})`)];
  const by = (then: (column: string, place: number) => string): string =>
    dimensions.map((column, place) => ` WHEN GROUPING(${column}) = 0 THEN ${then(column, place)}`).join('');
  const kinds = by((_, place) => literal(`by:${plan.contract.dimensions[place] ?? ''}`));
  const values = by((column) => `${column}::text`);
  return `SELECT '${name}' AS side, CASE WHEN GROUPING(${SLOT}) = 0 THEN 'partition'${kinds} WHEN GROUPING(${LIVE}) = 0 THEN 'live' ELSE 'all' END AS kind,
           ${LIVE} AS live, CASE WHEN GROUPING(${SLOT}) = 0 THEN ${SLOT}::text${values} END AS value, count(*) AS rows, ${measured(plan.contract.measures)} AS measures
      FROM (SELECT live AS ${LIVE}, width_bucket((${rows}).${ident(plan.contract.partition.key)}, (SELECT starts FROM bounds)) AS ${SLOT}, ${masked.join('')}(${rows}).* FROM pairs WHERE ${present}) one
     GROUP BY GROUPING SETS (${sets.join(', ')})`;
}

function liveInBase(plan: BackfillPlan): string {
  return `SELECT 'base', 'live', true, NULL, count(*), ${measured(plan.contract.measures)} FROM (SELECT (b).* FROM pairs WHERE has_base AND live) one`;
}
