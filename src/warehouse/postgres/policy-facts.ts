import type { QualifiedName } from '../../domain/names.ts';
import type { Session } from '../session.ts';
import { sql } from '../sql.ts';

/** A table with row security and the role that its policies are judged for. */
export interface KeptFrom {
  readonly table: string;
  readonly role: string;
  /** The role of this session; else the owner of a view between. */
  readonly isWorker: boolean;
}

/** Tables that are read through these relations, and that keep rows from whoever reads them there. Views are followed, functions are not. */
export function tablesKeptFrom(session: Session, relations: readonly QualifiedName[]): Promise<KeptFrom[]> {
  return session.rows<KeptFrom>(
    sql(
      `WITH RECURSIVE reached AS (
         SELECT c.oid, current_user::regrole::oid AS role FROM unnest($1::text[], $2::text[]) wanted(schema, name)
           JOIN pg_namespace n ON n.nspname = wanted.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
         UNION
         SELECT d.refobjid, CASE WHEN coalesce((SELECT option_value::boolean FROM pg_options_to_table(v.reloptions) WHERE option_name = 'security_invoker'), false) THEN reached.role ELSE v.relowner END
           FROM reached JOIN pg_class v ON v.oid = reached.oid AND v.relkind = 'v' JOIN pg_rewrite r ON r.ev_class = v.oid
           JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid)
       SELECT DISTINCT format('%s.%s', n.nspname, c.relname) AS "table", r.rolname AS role, r.rolname = current_user AS "isWorker"
         FROM reached JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = reached.role
        WHERE c.relkind IN ('r', 'p') AND c.relrowsecurity AND NOT r.rolsuper AND NOT r.rolbypassrls AND (c.relforcerowsecurity OR NOT pg_has_role(r.oid, c.relowner, 'USAGE')) ORDER BY 1, 2`,
      relations.map(({ schema }) => schema),
      relations.map(({ name }) => name),
    ),
  );
}

export interface PolicyFacts {
  readonly owner: string;
  /** The owner sees every row of every table. */
  readonly ownerBypasses: boolean;
  /** Policies whose expression reads the table that they stand on, by itself or through a view. */
  readonly selfReading: readonly string[];
  /** Functions that policies call and whose text names the table. */
  readonly namedIn: readonly { readonly policy: string; readonly function: string }[];
  /** Readers who have the owner's rights on the base, and to whom a restrictive policy applies all the same. */
  readonly restrictedOwners: readonly { readonly policy: string; readonly role: string }[];
}

/** What of a table's policies cannot be carried to another table. `pattern`: a text that names the table. */
export function readPolicyFacts(
  session: Session,
  { base, view, pattern }: { readonly base: QualifiedName; readonly view: QualifiedName; readonly pattern: string },
): Promise<PolicyFacts> {
  return session.one<PolicyFacts>(
    sql(
      `WITH RECURSIVE base AS (SELECT c.oid, c.relowner, c.relforcerowsecurity, o.rolname AS owner, o.rolsuper OR o.rolbypassrls AS bypasses FROM pg_class c JOIN pg_roles o ON o.oid = c.relowner
                      WHERE (c.relnamespace::regnamespace, c.relname) = (quote_ident($1)::regnamespace, $2)),
            policy AS (SELECT p.* FROM base JOIN pg_policy p ON p.polrelid = base.oid WHERE p.polcmd IN ('*', 'r') AND p.polqual IS NOT NULL),
            tables AS (SELECT oid FROM base UNION SELECT relid FROM base, pg_partition_tree(base.oid)),
            reached AS (SELECT p.oid AS policy, d.refobjid AS oid FROM policy p JOIN base ON true JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> base.oid
                        UNION SELECT reached.policy, d.refobjid FROM reached JOIN pg_rewrite r ON r.ev_class = reached.oid JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class),
            reader AS (SELECT r.oid, r.rolname FROM pg_roles r, pg_class v WHERE (v.relnamespace::regnamespace, v.relname) = (quote_ident($3)::regnamespace, $4) AND has_any_column_privilege(r.oid, v.oid, 'SELECT'))
       SELECT base.owner, base.bypasses AS "ownerBypasses",
              -- The row's own columns are dependencies on the table too; what a sub-query reads stands in the parsed expression.
              (SELECT coalesce(jsonb_agg(DISTINCT p.polname), '[]') FROM policy p
                WHERE EXISTS (SELECT FROM tables WHERE p.polqual::text ~ format(':relid %s\\M', tables.oid)) OR EXISTS (SELECT FROM reached JOIN tables USING (oid) WHERE reached.policy = p.oid)) AS "selfReading",
              (SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object('policy', p.polname, 'function', format('%s.%s(%s)', n.nspname, f.proname, pg_get_function_identity_arguments(f.oid)))), '[]')
                 FROM policy p JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_proc'::regclass JOIN pg_proc f ON f.oid = d.refobjid JOIN pg_namespace n ON n.oid = f.pronamespace
                WHERE coalesce(pg_get_function_sqlbody(f.oid), f.prosrc) ~* $5) AS "namedIn",
              (SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object('policy', p.polname, 'role', r.rolname)), '[]')
                 FROM policy p, reader JOIN pg_roles r ON r.oid = reader.oid
                WHERE NOT base.relforcerowsecurity AND NOT p.polpermissive AND NOT r.rolsuper AND NOT r.rolbypassrls AND pg_has_role(r.oid, base.relowner, 'USAGE')
                  AND EXISTS (SELECT FROM unnest(p.polroles) applies WHERE applies = 0 OR pg_has_role(r.oid, applies, 'USAGE'))) AS "restrictedOwners"
         FROM base`,
      base.schema,
      base.name,
      view.schema,
      view.name,
      pattern,
    ),
  );
}

/** A role that reads a security_invoker view with its own rights, and lacks the partition key of the base, which every branch names. */
export function readersWithoutKey(
  session: Session,
  { base, view, key }: { readonly base: QualifiedName; readonly view: QualifiedName; readonly key: string },
): Promise<{ role: string }[]> {
  return session.rows<{ role: string }>(
    sql(
      `WITH named AS (SELECT b.oid AS base, v.oid AS view FROM pg_class b, pg_class v
                       WHERE (b.relnamespace::regnamespace, b.relname) = (quote_ident($1)::regnamespace, $2) AND (v.relnamespace::regnamespace, v.relname) = (quote_ident($3)::regnamespace, $4)),
            reader AS (SELECT r.oid FROM named, (SELECT 0::oid AS oid UNION ALL SELECT oid FROM pg_roles WHERE NOT rolsuper) r
                        WHERE has_any_column_privilege(r.oid, named.view, 'SELECT') AND NOT has_column_privilege(r.oid, named.base, $5, 'SELECT')
                          AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = named.view AND a.attnum > 0 AND NOT a.attisdropped AND NOT has_column_privilege(r.oid, named.base, a.attname::text, 'SELECT')))
       SELECT CASE WHEN r.oid = 0 THEN 'PUBLIC' ELSE r.oid::regrole::text END AS role FROM reader r
        WHERE NOT EXISTS (SELECT FROM reader o WHERE o.oid <> r.oid AND (o.oid = 0 OR pg_has_role(r.oid, o.oid, 'USAGE'))) ORDER BY 1`,
      base.schema,
      base.name,
      view.schema,
      view.name,
      key,
    ),
  );
}

/** Which of these grantees, by OID, 0 for PUBLIC, may read the view; a group, where everybody may who logs in with its rights. */
export async function viewReaders(
  session: Session,
  view: QualifiedName,
  roles: readonly number[],
): Promise<ReadonlySet<number>> {
  const found = await session.rows<{ role: number }>(
    sql(
      `SELECT g::bigint::float8 AS role FROM unnest($2::oid[]) g, pg_class v
        WHERE (v.relnamespace::regnamespace, v.relname) = (quote_ident($3)::regnamespace, $1)
          AND (has_any_column_privilege(g, v.oid, 'SELECT')
               OR (SELECT bool_and(has_any_column_privilege(r.oid, v.oid, 'SELECT')) FROM pg_roles r WHERE g <> 0 AND r.rolcanlogin AND NOT r.rolsuper AND pg_has_role(r.oid, g, 'USAGE')))`,
      view.name,
      roles,
      view.schema,
    ),
  );
  return new Set(found.map(({ role }) => role));
}
