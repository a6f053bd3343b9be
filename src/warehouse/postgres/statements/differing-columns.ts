import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { Sql } from '../../sql.ts';
import { qualified, sql } from '../../sql.ts';

/**
 * Columns of the base that the shadow has otherwise or not at all: one row each, with what differs. Columns that were added
 * during the run have their NOT NULL as a CHECK.
 */
export function differingColumns(plan: BackfillPlan): Sql {
  return sql(
    `WITH shape AS (
  SELECT c.side, a.attname::text AS name, row_number() OVER (PARTITION BY c.side ORDER BY a.attnum) AS place, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required, a.attcollation AS collation
    FROM (VALUES ('base', $1::regclass), ('shadow', $2::regclass)) c(side, relation) JOIN pg_attribute a ON a.attrelid = c.relation
   WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attname = ANY ($3::text[]))
SELECT b.name || CASE WHEN s.name IS NULL THEN ' is missing' WHEN s.type <> b.type THEN ': ' || s.type || ' instead of ' || b.type WHEN s.collation <> b.collation THEN ': another collation'
         WHEN s.place <> b.place THEN ': another place' ELSE CASE WHEN b.required THEN ': may be null' ELSE ': may not be null' END END AS difference
  FROM shape b LEFT JOIN shape s ON s.side = 'shadow' AND s.name = b.name
 WHERE b.side = 'base' AND (s.name IS NULL OR s.type <> b.type OR s.collation <> b.collation OR s.place <> b.place OR (s.required <> b.required AND b.name <> ALL ($4::text[]))) ORDER BY b.place`,
    qualified(plan.table),
    qualified(plan.shadow),
    plan.columns.map(({ name }) => name),
    plan.addedColumns.map(({ name }) => name),
  );
}
