import type { BackfillPlan } from '../domain/backfill-plan.ts';
import { formatName } from '../domain/names.ts';
import type { Identity, SchemaDrift } from '../domain/schema-drift.ts';
import { schemaDrift } from '../domain/schema-drift.ts';
import type { RowSecurity } from '../domain/row-security.ts';
import { NO_ROW_SECURITY } from '../domain/row-security.ts';
import type { ColumnShape } from '../domain/table-shape.ts';
import { columnShapes } from '../warehouse/postgres/catalogue.ts';
import { viewShape } from '../warehouse/postgres/statements/elevated.ts';
import type { Session } from '../warehouse/session.ts';
import type { Sql } from '../warehouse/sql.ts';
import { qualified, sql } from '../warehouse/sql.ts';

interface Seen {
  readonly table: Identity;
  readonly view: Identity;
  readonly columns: readonly ColumnShape[] | null;
  readonly viewColumns: readonly string[] | null;
  readonly viewOptions: readonly string[];
  readonly rowSecurity: RowSecurity | null;
  /** Of the view's definition; null where it is no view. */
  readonly definition: string | null;
}

/** How base table and view left the plan; null where they did not. One look at the catalogue, cheap enough for every tick. */
export async function lookForDrift(session: Session, plan: BackfillPlan): Promise<SchemaDrift | null> {
  const seen = await session.one<Seen>(baseAndView(plan));
  const planned = { ...plan, table: formatName(plan.table), view: formatName(plan.view) };
  const found = {
    ...seen,
    columns: seen.columns ?? [],
    viewColumns: seen.viewColumns ?? [],
    rowSecurity: seen.rowSecurity ?? NO_ROW_SECURITY,
  };
  const drift = schemaDrift(planned, { ...found, viewIsKnown: true });
  if (drift !== null && drift.changes.length > 0) return drift;
  return schemaDrift(planned, { ...found, viewIsKnown: await isKnown(session, plan, seen.definition) });
}

/**
 * The text of the definition decides, and what it must be is asked of the server, which makes three views to compare with:
 * too much for every tick. What was found once is remembered.
 */
async function isKnown(session: Session, plan: BackfillPlan, definition: string | null): Promise<boolean> {
  if (definition === null) return false;
  const key = [plan.backfillId, JSON.stringify(plan.keyRanges), JSON.stringify(plan.columns), definition].join('\n');
  if (KNOWN.has(key)) return true;
  const { shape } = await session.one<{ shape: string | null }>(viewShape(plan));
  if (shape === null) return false;
  if (KNOWN.size >= REMEMBERED) KNOWN.clear();
  KNOWN.add(key);
  return true;
}

const KNOWN = new Set<string>();
/** A run has a handful of them. */
const REMEMBERED = 200;

/** By what the ledger knows of the dataset: a table that was dropped and made again has another identity. */
function baseAndView(plan: BackfillPlan): Sql {
  const identity = (name: string, known: string): string =>
    `CASE WHEN to_regclass(${name}) IS NULL THEN 'gone' WHEN to_regclass(${name}) = ${known} THEN 'planned' ELSE 'another' END`;
  return sql(
    `SELECT ${identity('$2', 'd.base_table')} AS "table", ${identity('$3', 'd.published_view')} AS view, ${columnShapes('d.base_table')} AS columns,
            governance.row_security(d.base_table) AS "rowSecurity",
            (SELECT jsonb_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = d.published_view AND a.attnum > 0 AND NOT a.attisdropped) AS "viewColumns",
            coalesce((SELECT to_jsonb(c.reloptions) FROM pg_class c WHERE c.oid = d.published_view), '[]') AS "viewOptions",
            (SELECT md5(pg_get_viewdef(c.oid)) FROM pg_class c WHERE c.oid = d.published_view AND c.relkind = 'v') AS definition
       FROM governance.datasets d WHERE d.dataset = $1`,
    plan.dataset,
    qualified(plan.table),
    qualified(plan.view),
  );
}
