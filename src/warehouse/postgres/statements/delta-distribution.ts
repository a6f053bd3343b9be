import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import { DELTA_EDGES, headlineMeasure, NO_NUMBER, UNMOVED } from '../../../domain/delta-distribution.ts';
import { literal } from '../../sql.ts';
import { amountMoved, measuresOfRows } from './attribute-rows.ts';

/** `{bucket: {rows, delta}}` of the rows in `amounts`: how many move the contract's first sum by how much. */
export function deltaCounts(plan: BackfillPlan): string {
  const headline = headlineMeasure(plan.contract.measures);
  const place = measuresOfRows(plan).findIndex(([name]) => name === headline);
  if (place < 0) return `'{}'::jsonb`;
  const edges = `ARRAY[${DELTA_EDGES.map((edge) => `${edge}::numeric`).join(', ')}]`;
  const names = `ARRAY[${[`<${DELTA_EDGES[0]}`, ...DELTA_EDGES].map(literal).join(', ')}]`;
  const bucket = `CASE WHEN moved IN ('NaN', 'Infinity', '-Infinity') THEN ${literal(NO_NUMBER)} WHEN moved = 0 THEN ${literal(UNMOVED)}
           ELSE CASE WHEN moved < 0 THEN '-' ELSE '+' END || (${names})[width_bucket(abs(moved), ${edges}) + 1] END`;
  return `(SELECT coalesce(jsonb_object_agg(bucket, jsonb_build_object('rows', rows::text, 'delta', delta::text)), '{}')
     FROM (SELECT ${bucket} AS bucket, count(*) AS rows, sum(moved) AS delta FROM (SELECT ${amountMoved(place)}::numeric AS moved FROM amounts) one GROUP BY 1) counted)`;
}
