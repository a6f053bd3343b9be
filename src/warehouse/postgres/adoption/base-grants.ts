import type { QualifiedName } from '../../../domain/names.ts';
import type { Session } from '../../session.ts';
import { sql } from '../../sql.ts';

/** One privilege of one role on a table or view, or on one column of it. */
export interface Grant {
  /** OID of the role; 0 is PUBLIC. */
  readonly role: number;
  /** Quoted, as GRANT takes it; PUBLIC as it is. */
  readonly to: string;
  /** The relation, quoted where needed. */
  readonly on: string;
  readonly isPartition: boolean;
  /** Quoted; null for all columns. */
  readonly column: string | null;
  readonly privilege: string;
  readonly grantable: boolean;
  /** Quoted; null where the owner granted it. */
  readonly grantedBy: string | null;
}

/** Every privilege that others than the owner have on a relation, its columns and its partitions. */
export function readGrants(session: Session, relation: QualifiedName): Promise<Grant[]> {
  return session.rows<Grant>(
    sql(
      `WITH base AS (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE (n.nspname, c.relname) = ($1, $2)),
            tables AS (SELECT c.oid, c.oid <> base.oid AS part, c.relowner, c.relacl FROM base, pg_class c WHERE c.oid = base.oid OR c.oid IN (SELECT relid FROM pg_partition_tree(base.oid))),
            granted AS (SELECT t.oid, t.part, t.relowner, a.*, NULL::name AS col FROM tables t, aclexplode(t.relacl) a
                        UNION ALL SELECT t.oid, t.part, t.relowner, a.*, c.attname FROM tables t JOIN pg_attribute c ON c.attrelid = t.oid, aclexplode(c.attacl) a)
       SELECT grantee AS role, CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE grantee::regrole::text END AS to, oid::regclass::text AS on, part AS "isPartition", quote_ident(col) AS column,
              privilege_type AS privilege, is_grantable AS grantable, CASE WHEN grantor <> relowner THEN grantor::regrole::text END AS "grantedBy"
         FROM granted WHERE grantee <> relowner ORDER BY part, 3, 2, 5 NULLS FIRST, 6`,
      relation.schema,
      relation.name,
    ),
  );
}

/** Roles that write the table, and would read it no more once `moved` do not: by their names as GRANT takes them. */
export async function readBlindedWriters(
  session: Session,
  base: QualifiedName,
  moved: readonly number[],
): Promise<string[]> {
  const rows = await session.rows<{ to: string }>(
    sql(
      `WITH base AS (SELECT c.oid, c.relowner, c.relacl FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE (n.nspname, c.relname) = ($1, $2)),
            kept AS (SELECT a.grantee FROM base, aclexplode(base.relacl) a WHERE a.privilege_type = 'SELECT' AND a.grantee <> ALL ($3::oid[])
                     UNION SELECT a.grantee FROM base JOIN pg_attribute c ON c.attrelid = base.oid, aclexplode(c.attacl) a WHERE a.privilege_type = 'SELECT' AND a.grantee <> ALL ($3::oid[]))
       SELECT quote_ident(r.rolname) AS to FROM base, pg_roles r
        WHERE NOT r.rolsuper AND r.rolname !~ '^pg_' AND NOT pg_has_role(r.oid, base.relowner, 'USAGE') AND NOT pg_has_role(r.oid, 'pg_read_all_data', 'USAGE')
          AND (has_any_column_privilege(r.oid, base.oid, 'INSERT') OR has_any_column_privilege(r.oid, base.oid, 'UPDATE') OR has_table_privilege(r.oid, base.oid, 'DELETE'))
          AND has_any_column_privilege(r.oid, base.oid, 'SELECT')
          AND NOT EXISTS (SELECT FROM kept WHERE CASE kept.grantee WHEN 0 THEN true ELSE pg_has_role(r.oid, kept.grantee, 'USAGE') END) ORDER BY 1`,
      base.schema,
      base.name,
      moved,
    ),
  );
  return rows.map(({ to }) => to);
}
