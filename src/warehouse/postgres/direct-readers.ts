import type { QualifiedName } from '../../domain/names.ts';
import type { DirectReader } from '../../domain/table-shape.ts';
import type { Session } from '../session.ts';
import { sql } from '../sql.ts';

/**
 * Who reads the base or one of its partitions past the view, some columns of it included. Roles that may write it,
 * and functions whose text writes it, are the live pipeline and do not count. The text of a function is searched for the
 * table's name as a word: what only shares the name is named too, and a statement put together at run time is not found.
 */
export async function readDirectReaders(
  session: Session,
  base: QualifiedName,
  view: QualifiedName,
): Promise<DirectReader[]> {
  return session.rows<DirectReader>(
    sql(
      `WITH target AS (SELECT b.oid AS base, v.oid AS view FROM pg_class b, pg_class v
                        WHERE (b.relnamespace::regnamespace, b.relname) = (quote_ident($1)::regnamespace, $2) AND (v.relnamespace::regnamespace, v.relname) = (quote_ident($3)::regnamespace, $4)),
            tables AS (SELECT target.*, t.oid, t.relowner, t.relacl FROM target, pg_class t WHERE t.oid = target.base OR t.oid IN (SELECT relid FROM pg_partition_tree(target.base))),
            granted AS (SELECT tables.*, a.grantee FROM tables, aclexplode(tables.relacl) a WHERE a.privilege_type = 'SELECT'
                        UNION SELECT tables.*, a.grantee FROM tables JOIN pg_attribute c ON c.attrelid = tables.oid, aclexplode(c.attacl) a WHERE a.privilege_type = 'SELECT')
       SELECT DISTINCT CASE c.relkind WHEN 'm' THEN 'materialised view' ELSE 'view' END AS kind, format('%s.%s', n.nspname, c.relname) AS name
         FROM target, pg_depend d JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid IN (SELECT oid FROM tables) AND c.oid <> target.view AND c.oid <> target.base
       UNION
       SELECT 'function', format('%s.%s(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
         FROM target, pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'governance') AND n.nspname !~ '^pg_(toast|temp)' AND p.prokind IN ('f', 'p')
          AND (EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid IN (SELECT oid FROM tables))
               OR (p.prosrc ~* $5 AND p.prosrc !~* $6))
       UNION
       SELECT 'role', CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END FROM granted g
        WHERE g.grantee NOT IN (g.relowner, current_user::regrole::oid, (SELECT relowner FROM pg_class WHERE oid = g.view))
          AND NOT (g.grantee <> 0 AND (has_table_privilege(g.grantee, g.oid, 'INSERT') OR has_table_privilege(g.grantee, g.oid, 'UPDATE') OR has_table_privilege(g.grantee, g.oid, 'DELETE')))
        ORDER BY 1, 2`,
      base.schema,
      base.name,
      view.schema,
      view.name,
      ...namedInText(base),
    ),
  );
}

/** Patterns of a text that names the table, and of one that writes it. */
function namedInText({ schema, name }: QualifiedName): [string, string] {
  const word = (text: string): string => `"?${text.replace(/[^\w]/g, '\\$&')}"?`;
  const table = `(${word(schema)}\\s*\\.\\s*)?${word(name)}`;
  return [
    `(^|[^\\w."])${table}($|[^\\w"])`,
    `(insert\\s+into|update|delete\\s+from|merge\\s+into|truncate(\\s+table)?|copy)\\s+(only\\s+)?${table}($|[^\\w"])`,
  ];
}
