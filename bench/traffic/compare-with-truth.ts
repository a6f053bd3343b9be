import type pg from 'pg';
import { CORRECTED } from './tables.ts';

export interface Differences {
  readonly missing: number;
  /** Not in the truth, or twice there. */
  readonly unexpected: number;
  readonly different: number;
}

const INSIDE = `t.day >= '${CORRECTED.start}' AND t.day < '${CORRECTED.end}'`;

/** Every row of base and view against the truth, in one statement. Right only while no mark is open. */
export async function compareWithTruth(admin: pg.Pool): Promise<{ base: Differences; view: Differences }> {
  const { rows } = await admin.query<{ base: Differences; view: Differences }>(
    `WITH now AS MATERIALIZED (
       SELECT bool_or(state = 'consolidated') IS TRUE AS consolidated, bool_or(state = 'published') IS TRUE AS published FROM governance.data_releases
     ), truth AS MATERIALIZED (
       SELECT t.day, t.merchant, t.gross, t.tax, CASE WHEN now.consolidated THEN t.corrected ELSE t.live END AS base,
              CASE WHEN (now.published OR now.consolidated) AND ${INSIDE} THEN t.corrected ELSE t.live END AS shown
         FROM traffic.truth t, now)
     SELECT ${differences('finance.sales_by_day', 'base')} AS base, ${differences('finance.sales_current', 'shown')} AS view`,
  );
  const [found] = rows;
  if (found === undefined) throw new Error('the comparison with the truth gave no row');
  return found;
}

function differences(relation: string, net: string): string {
  return `(SELECT json_build_object(
      'missing', count(*) FILTER (WHERE r.day IS NULL),
      'unexpected', count(*) FILTER (WHERE t.day IS NULL) + count(r.day) - count(DISTINCT (r.day, r.merchant)) FILTER (WHERE r.day IS NOT NULL),
      'different', count(*) FILTER (WHERE r.day IS NOT NULL AND t.day IS NOT NULL AND (r.gross, r.tax, r.net) IS DISTINCT FROM (t.gross, t.tax, t.${net})))
     FROM truth t FULL JOIN ${relation} r ON r.day = t.day AND r.merchant = t.merchant)`;
}
