import type { QualifiedName } from '../../domain/names.ts';
import type { DirectReader } from '../../domain/table-shape.ts';
import type { Session } from '../session.ts';
import { sql } from '../sql.ts';

/** A direct reader with its OID in `pg_class`, `pg_proc`, `pg_rewrite`, `pg_policy` or, for a role, `pg_authid`; 0 is PUBLIC. */
export interface LocatedReader extends DirectReader {
  readonly oid: number;
}

/** The view that readers are to go through, null where there is none yet, and the role that backfills work with. */
export interface PastWhat {
  readonly view: QualifiedName | null;
  /** Where it is not given, the role of this session. */
  readonly worker?: string;
}

/**
 * Who reads the base or one of its partitions past the view, some columns of it included. Roles that may write it,
 * and functions whose text writes it, are the live pipeline and do not count. The text of a function is searched for the
 * table's name as a word: what only shares the name is named too, and a statement put together at run time is not found.
 */
export async function readDirectReaders(
  session: Session,
  base: QualifiedName,
  { view, worker }: PastWhat,
): Promise<LocatedReader[]> {
  return session.rows<LocatedReader>(
    sql(
      `WITH target AS (SELECT b.oid AS base, v.oid AS view, v.relowner AS view_owner FROM pg_class b
                         LEFT JOIN (pg_class v JOIN pg_namespace vn ON vn.oid = v.relnamespace) ON (vn.nspname, v.relname) = ($3, $4)
                        WHERE (b.relnamespace::regnamespace, b.relname) = (quote_ident($1)::regnamespace, $2)),
            tables AS (SELECT target.*, t.oid, t.relowner, t.relacl FROM target, pg_class t WHERE t.oid = target.base OR t.oid IN (SELECT relid FROM pg_partition_tree(target.base))),
            granted AS (SELECT tables.*, a.grantee FROM tables, aclexplode(tables.relacl) a WHERE a.privilege_type = 'SELECT'
                        UNION SELECT tables.*, a.grantee FROM tables JOIN pg_attribute c ON c.attrelid = tables.oid, aclexplode(c.attacl) a WHERE a.privilege_type = 'SELECT')
       SELECT DISTINCT CASE WHEN r.rulename <> '_RETURN' THEN 'rule' WHEN c.relkind = 'm' THEN 'materialised view' ELSE 'view' END AS kind,
              CASE WHEN r.rulename <> '_RETURN' THEN format('%s on %s.%s', r.rulename, n.nspname, c.relname) ELSE format('%s.%s', n.nspname, c.relname) END AS name,
              CASE WHEN r.rulename <> '_RETURN' THEN r.oid ELSE c.oid END AS oid
         FROM target, pg_depend d JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid IN (SELECT oid FROM tables) AND c.oid IS DISTINCT FROM target.view AND c.oid <> target.base
       UNION
       SELECT 'policy', format('%s on %s.%s', p.polname, n.nspname, c.relname), p.oid
         FROM pg_depend d JOIN pg_policy p ON p.oid = d.objid AND d.classid = 'pg_policy'::regclass JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid IN (SELECT oid FROM tables) AND c.oid NOT IN (SELECT oid FROM tables)
       UNION
       SELECT 'function', format('%s.%s(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), p.oid
         FROM target, pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, LATERAL (SELECT coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) AS text) body
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'governance') AND n.nspname !~ '^pg_(toast|temp)' AND p.prokind IN ('f', 'p')
          AND (EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid IN (SELECT oid FROM tables))
               OR (p.prosqlbody IS NULL AND body.text ~* $5))
          AND body.text !~* $6
       UNION
       SELECT 'role', CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END, g.grantee FROM granted g
        WHERE g.grantee NOT IN (g.relowner, coalesce((SELECT oid FROM pg_roles WHERE rolname = $7), current_user::regrole::oid), coalesce(g.view_owner, g.relowner))
          AND NOT (g.grantee <> 0 AND (has_any_column_privilege(g.grantee, g.oid, 'INSERT') OR has_any_column_privilege(g.grantee, g.oid, 'UPDATE') OR has_table_privilege(g.grantee, g.oid, 'DELETE')))
        ORDER BY 1, 2`,
      base.schema,
      base.name,
      view?.schema ?? null,
      view?.name ?? null,
      ...namedInText(base),
      worker ?? null,
    ),
  );
}

/** Functions whose text, or parsed body, writes the base: the live pipeline's. */
export function readWritingFunctions(session: Session, base: QualifiedName): Promise<WritingFunction[]> {
  return session.rows<WritingFunction>(
    sql(
      `SELECT format('%s.%s(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS name, p.prosqlbody IS NOT NULL AS "isParsed"
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'governance') AND n.nspname !~ '^pg_(toast|temp)' AND p.prokind IN ('f', 'p')
          AND coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) ~* $1 ORDER BY 1`,
      namedInText(base)[1],
    ),
  );
}

export interface WritingFunction {
  readonly name: string;
  /** It follows the table by its OID, whatever that is called. */
  readonly isParsed: boolean;
}

/** Patterns of a text that names the table, and of one that writes it. */
export function namedInText({ schema, name }: QualifiedName): [string, string] {
  const word = (text: string): string => `"?${text.replace(/[^\w]/g, '\\$&')}"?`;
  const table = `(${word(schema)}\\s*\\.\\s*)?${word(name)}`;
  return [
    `(^|[^\\w."])${table}($|[^\\w"])`,
    `(insert\\s+into|update|delete\\s+from|merge\\s+into|truncate(\\s+table)?|copy)\\s+(only\\s+)?${table}($|[^\\w"])`,
  ];
}
