import { CORRECTED, WITNESSES_BELOW } from './tables.ts';

/**
 * What the view must show, day by day, in the snapshot of the statement that asks: STABLE, so it sees what the reading
 * beside it sees, and SECURITY DEFINER, so the reader itself needs no right on truth or ledger. A day with an open mark is
 * `stale`: its overlay may lack the write. `overtaken`: a write that was there before the switch is not in what it shows.
 */
export const EXPECTED = `
CREATE FUNCTION traffic.expected(p_from date, p_to date)
RETURNS TABLE (day date, corrected boolean, stale boolean, overtaken boolean, rows bigint, net numeric, witness numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH shown AS MATERIALIZED (
    SELECT backfill_id, moved_at,
           backfill_id IS NOT NULL OR EXISTS (SELECT FROM governance.data_releases WHERE state = 'consolidated') AS corrected
      FROM governance.active_releases
  ), marks AS MATERIALIZED (
    SELECT d.key::date AS day, min(d.at) AS at FROM governance.dirty_partitions d, shown WHERE d.backfill_id = shown.backfill_id GROUP BY 1
  )
  SELECT t.day, bool_and(shown.corrected), bool_or(m.at IS NOT NULL), bool_or(coalesce(m.at < shown.moved_at, false)), count(*),
         sum(CASE WHEN shown.corrected AND t.day >= '${CORRECTED.start}' AND t.day < '${CORRECTED.end}' THEN t.corrected ELSE t.live END),
         sum(CASE WHEN shown.corrected AND t.day >= '${CORRECTED.start}' AND t.day < '${CORRECTED.end}' THEN t.corrected ELSE t.live END) FILTER (WHERE t.merchant < ${WITNESSES_BELOW})
    FROM traffic.truth t CROSS JOIN shown
    LEFT JOIN marks m ON (m.day = t.day OR m.day IS NULL) AND t.day >= '${CORRECTED.start}' AND t.day < '${CORRECTED.end}'
   WHERE t.day >= p_from AND t.day < p_to GROUP BY t.day
$$;
REVOKE ALL ON FUNCTION traffic.expected(date, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION traffic.expected(date, date) TO dashboard, finance_export;
`;

/** One read's own verdict, made inside its statement. */
export interface Verdict {
  /** Days whose untouched rows are not those of the side that the pointer shows. */
  readonly mixed: number;
  /** Days without an open mark whose rows or total are not those of the truth. */
  readonly wrong: number;
  readonly overtaken: number;
  /** Days whose every row was compared. */
  readonly judged: number;
  readonly corrected: boolean;
  /** The untouched rows' total, to be compared between reads of one snapshot. */
  readonly witness: string;
  readonly sample: unknown;
}

const DIFFERS = 's.witness IS DISTINCT FROM e.witness';
const WRONG = 'coalesce(NOT e.stale, true) AND (s.rows, s.net) IS DISTINCT FROM (e.rows, e.net)';

/** Reads days `$1` to `$2` of `view`, each day compared with what it must be. */
export function judgedByDay(view: string): string {
  return `
    SELECT count(*) FILTER (WHERE ${DIFFERS})::int AS mixed, count(*) FILTER (WHERE ${WRONG})::int AS wrong,
           count(*) FILTER (WHERE e.overtaken)::int AS overtaken, count(*) FILTER (WHERE NOT e.stale)::int AS judged,
           coalesce(bool_and(e.corrected), false) AS corrected, sum(s.witness)::text AS witness,
           jsonb_agg(jsonb_build_object('shown', s, 'expected', e)) FILTER (WHERE ${DIFFERS} OR ${WRONG}) AS sample
      FROM (SELECT day, count(*) AS rows, sum(net) AS net, sum(net) FILTER (WHERE merchant < ${WITNESSES_BELOW}) AS witness
              FROM ${view} WHERE day >= $1::date AND day < $2::date GROUP BY day) s
      FULL JOIN traffic.expected($1::date, $2::date) e USING (day)`;
}

/** The same as one total over all of it: right where no day of it is stale. */
export function judgedAsTotal(view: string): string {
  return `
    SELECT (${DIFFERS})::int AS mixed, (${WRONG})::int AS wrong, e.overtaken, (NOT e.stale)::int AS judged, e.corrected,
           s.witness::text AS witness, jsonb_build_object('shown', s, 'expected', e) AS sample
      FROM (SELECT count(*) AS rows, sum(net) AS net, sum(net) FILTER (WHERE merchant < ${WITNESSES_BELOW}) AS witness
              FROM ${view} WHERE day >= $1::date AND day < $2::date) s,
           (SELECT sum(rows) AS rows, sum(net) AS net, sum(witness) AS witness, bool_or(stale) AS stale,
                   count(*) FILTER (WHERE overtaken)::int AS overtaken, bool_and(corrected) AS corrected
              FROM traffic.expected($1::date, $2::date)) e`;
}
