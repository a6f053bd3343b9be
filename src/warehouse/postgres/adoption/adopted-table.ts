import type { QualifiedName } from '../../../domain/names.ts';
import type { Session } from '../../session.ts';
import { sql } from '../../sql.ts';
import type { LocatedReader } from '../direct-readers.ts';

/** The base table and the names that an adoption needs, as the server prints them. */
export interface AdoptedTable {
  readonly oid: number;
  /** `r` or `p`; a view where readers go through one already. */
  readonly kind: string;
  readonly owner: string;
  readonly baseText: string;
  readonly viewText: string;
  /** Both without their schemas, the view first. */
  readonly bareNames: readonly string[];
  readonly columns: readonly string[];
  /** Empty where the view does not exist. */
  readonly viewColumns: readonly string[];
  readonly partitions: readonly number[];
  readonly rowSecurity: boolean;
  readonly comments: readonly { readonly column: string | null; readonly text: string }[];
  /** Roles that default privileges give SELECT on tables that are made in its schema. */
  readonly defaultReaders: readonly string[];
}

export function readAdoptedTable(session: Session, base: QualifiedName, view: QualifiedName): Promise<AdoptedTable> {
  const columnsOf = (oid: string): string =>
    `coalesce((SELECT jsonb_agg(quote_ident(a.attname) ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = ${oid} AND a.attnum > 0 AND NOT a.attisdropped), '[]')`;
  return session.one<AdoptedTable>(
    sql(
      `SELECT c.oid, c.relkind AS kind, quote_ident(pg_get_userbyid(c.relowner)) AS owner, format('%I.%I', n.nspname, c.relname) AS "baseText", format('%I.%I', $3::text, $4::text) AS "viewText", jsonb_build_array(quote_ident($4), quote_ident(c.relname)) AS "bareNames",
              ${columnsOf('c.oid')} AS columns, ${columnsOf('(SELECT v.oid FROM pg_class v JOIN pg_namespace vn ON vn.oid = v.relnamespace WHERE (vn.nspname, v.relname) = ($3, $4))')} AS "viewColumns",
              coalesce((SELECT jsonb_agg(relid::int8) FROM pg_partition_tree(c.oid) WHERE relid <> c.oid), '[]') AS partitions, c.relrowsecurity AS "rowSecurity",
              coalesce((SELECT jsonb_agg(jsonb_build_object('column', quote_ident(a.attname), 'text', d.description) ORDER BY d.objsubid)
                 FROM pg_description d LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0 WHERE d.classoid = 'pg_class'::regclass AND d.objoid = c.oid), '[]') AS comments,
              coalesce((SELECT jsonb_agg(DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
                 FROM pg_default_acl da, aclexplode(da.defaclacl) a WHERE da.defaclobjtype = 'r' AND da.defaclnamespace IN (0, n.oid) AND a.privilege_type = 'SELECT' AND a.grantee <> da.defaclrole), '[]') AS "defaultReaders"
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE (n.nspname, c.relname) = ($1, $2)`,
      base.schema,
      base.name,
      view.schema,
      view.name,
    ),
  );
}

/** The definition of a rule or policy, for people. */
export async function readDefinedText(session: Session, reader: LocatedReader): Promise<string> {
  const { text } = await session.one<{ text: string }>(
    reader.kind === 'rule'
      ? sql('SELECT pg_get_ruledef($1::oid) AS text', reader.oid)
      : sql(
          `SELECT concat_ws(' ', 'USING', '(' || pg_get_expr(polqual, polrelid) || ')', 'WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')') AS text FROM pg_policy WHERE oid = $1::oid`,
          reader.oid,
        ),
  );
  return text;
}

/** A role that is to read the view. */
export interface ViewReader {
  readonly role: number;
  /** Quoted. */
  readonly to: string;
  /** It owns something that reads the base, reads the base by its own right, and would not read the view by the grants that move. */
  readonly needsSelect: boolean;
  /** It may use the schema of the base, and not that of the view. */
  readonly needsUsage: boolean;
}

export interface ViewReadersOf {
  readonly base: QualifiedName;
  readonly view: QualifiedName;
  readonly isNew: boolean;
  /** OIDs of what is redefined. */
  readonly relations: readonly number[];
  readonly functions: readonly number[];
  /** Roles whose grants move. */
  readonly roles: readonly number[];
  /** Reads a view that is new. */
  readonly worker: string;
}

/** A view works with the rights of its owner, so the owner must be able to read what it reads. */
export function readViewReaders(session: Session, of: ViewReadersOf): Promise<ViewReader[]> {
  return session.rows<ViewReader>(
    sql(
      `WITH base AS (SELECT c.oid, c.relowner, c.relnamespace FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE (n.nspname, c.relname) = ($1, $2)),
            view AS (SELECT c.oid, c.relowner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE (n.nspname, c.relname) = ($3, $4) AND NOT $5::bool),
            owning AS (SELECT relowner AS role FROM pg_class WHERE oid = ANY ($6::oid[]) UNION SELECT proowner FROM pg_proc WHERE oid = ANY ($7::oid[]) AND prosecdef),
            reading AS (SELECT role, true AS owns FROM owning UNION SELECT unnest($8::oid[]), false UNION SELECT oid, false FROM pg_roles WHERE rolname = $9 AND $5::bool)
       SELECT r.role, CASE WHEN r.role = 0 THEN 'PUBLIC' ELSE r.role::regrole::text END AS to,
              bool_or(r.owns AND NOT p.rolsuper AND r.role <> coalesce((SELECT relowner FROM view), base.relowner) AND has_table_privilege(r.role, base.oid, 'SELECT')
                      AND NOT coalesce((SELECT has_table_privilege(r.role, view.oid, 'SELECT') FROM view), false)
                      AND NOT EXISTS (SELECT FROM unnest($8::oid[]) moved WHERE CASE moved WHEN 0 THEN true ELSE pg_has_role(r.role, moved, 'USAGE') END)) IS TRUE AS "needsSelect",
              CASE r.role WHEN 0 THEN has_schema_privilege('public', base.relnamespace, 'USAGE') AND NOT has_schema_privilege('public', s.oid, 'USAGE')
                          ELSE has_schema_privilege(r.role, base.relnamespace, 'USAGE') AND NOT has_schema_privilege(r.role, s.oid, 'USAGE') END AS "needsUsage"
         FROM reading r CROSS JOIN base LEFT JOIN pg_roles p ON p.oid = r.role JOIN pg_namespace s ON s.nspname = $3
        GROUP BY r.role, s.oid, base.relnamespace ORDER BY 2`,
      of.base.schema,
      of.base.name,
      of.view.schema,
      of.view.name,
      of.isNew,
      of.relations,
      of.functions,
      of.roles,
      of.worker,
    ),
  );
}
