import type { TableShape, ViewShape } from '../../domain/table-shape.ts';
import type { QualifiedName } from '../../domain/names.ts';
import type { Session } from '../session.ts';
import type { Sql } from '../sql.ts';
import { columns, ident, qualified, sql } from '../sql.ts';

/** The columns of a relation as `ColumnShape`s, in their order. */
export function columnShapes(oid: string): string {
  return `(SELECT jsonb_agg(jsonb_build_object('name', a.attname, 'number', a.attnum, 'type', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
                        'hasDefault', a.atthasdef, 'generated', a.attgenerated <> '', 'identity', a.attidentity <> '') ORDER BY a.attnum)
                 FROM pg_attribute a WHERE a.attrelid = ${oid} AND a.attnum > 0 AND NOT a.attisdropped)`;
}

/** The `RowSecurity` of a row of pg_class, as `governance.row_security` of the ledger answers it. */
function rowSecurity(table: string): string {
  return `jsonb_build_object('enabled', ${table}.relrowsecurity, 'forced', ${table}.relrowsecurity AND ${table}.relforcerowsecurity, 'policies', coalesce((
                SELECT jsonb_agg(jsonb_build_object('name', p.polname, 'restrictive', NOT p.polpermissive, 'using', pg_get_expr(p.polqual, p.polrelid),
                         'roles', (SELECT jsonb_agg(CASE WHEN role = 0 THEN 'public' ELSE pg_get_userbyid(role) END ORDER BY pg_get_userbyid(role) COLLATE "C") FROM unnest(p.polroles) role)) ORDER BY p.polname COLLATE "C")
                  FROM pg_policy p WHERE ${table}.relrowsecurity AND p.polrelid = ${table}.oid AND p.polcmd IN ('*', 'r') AND p.polqual IS NOT NULL), '[]'))`;
}

/** Column sets of unique indexes over whole rows, of those that are meant. */
function uniqueIndexes(meant: string): string {
  return `coalesce((SELECT jsonb_agg((SELECT jsonb_agg(a.attname) FROM unnest(i.indkey[0:i.indnkeyatts - 1]) k JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k))
                 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL AND ${meant}), '[]')`;
}

/** Everything the catalogue says of a table, or null when there is none of that name. */
export async function readTable(session: Session, name: QualifiedName): Promise<TableShape | null> {
  const [row] = await session.rows<Omit<TableShape, 'name'>>(
    sql(
      `SELECT c.relkind AS kind, pg_get_userbyid(c.relowner) AS owner, pg_total_relation_size(c.oid)::float8 AS bytes, ${rowSecurity('c')} AS "rowSecurity",
              ${columnShapes('c.oid')} AS columns,
              ${uniqueIndexes('true')} AS "uniqueKeys", ${uniqueIndexes('i.indnullsnotdistinct')} AS "uniqueWithNulls",
              coalesce((SELECT jsonb_agg(DISTINCT a.attname) FROM (SELECT i.indkey[0] AS k FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL
                   UNION ALL SELECT p.partattrs[0] FROM pg_partitioned_table p WHERE p.partrelid = c.oid) lead JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = lead.k), '[]') AS "leadingColumns"
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`,
      name.schema,
      name.name,
    ),
  );
  return row === undefined ? null : { name, ...row };
}

/** The published view; `plain` compares its definition with that of a plain projection made and undone here. */
export async function readView(session: Session, name: QualifiedName, base: QualifiedName): Promise<ViewShape | null> {
  const [row] = await session.rows<{
    kind: string;
    owner: string;
    options: string[];
    columns: ViewShape['columns'];
    definition: string | null;
  }>(
    sql(
      `SELECT c.relkind AS kind, pg_get_userbyid(c.relowner) AS owner, coalesce(to_jsonb(c.reloptions), '[]') AS options,
              CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) END AS definition,
              (SELECT jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum)
                 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`,
      name.schema,
      name.name,
    ),
  );
  if (row === undefined) return null;
  const { definition, ...shape } = row;
  return { name, ...shape, plain: definition !== null && (await isPlain(session, definition, row.columns, base)) };
}

async function isPlain(
  session: Session,
  definition: string,
  shown: ViewShape['columns'],
  base: QualifiedName,
): Promise<boolean> {
  const known = await readTable(session, base);
  const names = shown.map((column) => column.name);
  if (known === null || !names.every((column) => known.columns.some((have) => have.name === column))) return false;
  // Without the schema nothing can be compared; that the privilege is missing is found and told elsewhere.
  const { usage } = await session.one<{ usage: boolean }>(
    sql(`SELECT has_schema_privilege($1, 'USAGE') AS usage`, base.schema),
  );
  if (!usage) return true;
  await session.change(sql('SAVEPOINT plain_view'));
  await session.change(
    sql(`CREATE TEMPORARY VIEW backfill_plain_view AS SELECT ${columns(names)} FROM ${qualified(base)}`),
  );
  const { plain } = await session.one<{ plain: string }>(
    sql(`SELECT pg_get_viewdef('pg_temp.backfill_plain_view'::regclass) AS plain`),
  );
  await session.change(sql('ROLLBACK TO SAVEPOINT plain_view'));
  return plain === definition;
}

/** Relations a query reads, with the columns it yields: learnt from a temporary view that is undone at once. */
export async function describeQuery(
  session: Session,
  query: string,
): Promise<{ columns: { name: string; type: string }[]; reads: QualifiedName[] }> {
  const view = ident('backfill_described');
  await session.change(sql('SAVEPOINT described'));
  await session.change(sql(`CREATE TEMPORARY VIEW ${view} AS SELECT * FROM (\n${query}\n) described`));
  const yields = await session.rows<{ name: string; type: string }>(
    sql(
      `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type FROM pg_attribute a
        WHERE a.attrelid = 'pg_temp.backfill_described'::regclass AND a.attnum > 0 ORDER BY a.attnum`,
    ),
  );
  const reads = await session.rows<QualifiedName>(
    sql(
      `SELECT DISTINCT n.nspname AS schema, c.relname AS name
         FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
         JOIN pg_class c ON c.oid = d.refobjid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE r.ev_class = 'pg_temp.backfill_described'::regclass AND c.oid <> r.ev_class ORDER BY 1, 2`,
    ),
  );
  await session.change(sql('ROLLBACK TO SAVEPOINT described'));
  return { columns: yields, reads };
}

/** Roles other than its owner that may change rows through a view. */
export function viewWriters(view: QualifiedName): Sql {
  return sql(
    `SELECT DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS role
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
      WHERE n.nspname = $1 AND c.relname = $2 AND a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE') AND a.grantee <> c.relowner ORDER BY 1`,
    view.schema,
    view.name,
  );
}
