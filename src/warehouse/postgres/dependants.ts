import type { QualifiedName } from '../../domain/names.ts';
import type { Session } from '../session.ts';
import { sql } from '../sql.ts';

/** What hangs on a table, each by its name. */
export interface Dependants {
  /** Tables that inherit from it and are no partitions. */
  readonly children: readonly string[];
  readonly foreignLeaves: readonly string[];
  /** Logical replication that carries the table or one of its partitions. */
  readonly publications: readonly string[];
  readonly foreignKeys: readonly {
    readonly from: string;
    readonly constraint: string;
    /** What a deleted row does to those that refer to it; null where it is kept from being deleted. */
    readonly action: string | null;
  }[];
}

export function readDependants(session: Session, base: QualifiedName): Promise<Dependants> {
  return session.one<Dependants>(
    sql(
      `WITH base AS (SELECT c.oid, c.relkind FROM pg_class c WHERE (c.relnamespace::regnamespace, c.relname) = (quote_ident($1)::regnamespace, $2)),
            tables AS (SELECT oid FROM base UNION SELECT relid FROM base, pg_partition_tree(base.oid)),
            named AS (SELECT c.oid, c.relkind, format('%s.%s', n.nspname, c.relname) AS name, n.nspname AS schema, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace)
       SELECT (SELECT coalesce(jsonb_agg(c.name ORDER BY c.name), '[]') FROM base JOIN pg_inherits i ON i.inhparent = base.oid JOIN named c ON c.oid = i.inhrelid WHERE base.relkind <> 'p') AS children,
              (SELECT coalesce(jsonb_agg(c.name ORDER BY c.name), '[]') FROM tables JOIN named c USING (oid) WHERE c.relkind = 'f') AS "foreignLeaves",
              (SELECT coalesce(jsonb_agg(DISTINCT p.pubname), '[]') FROM tables JOIN named c USING (oid) JOIN pg_publication_tables p ON (p.schemaname, p.tablename) = (c.schema, c.relname)) AS publications,
              (SELECT coalesce(jsonb_agg(jsonb_build_object('from', c.name, 'constraint', f.conname, 'action', CASE f.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END) ORDER BY c.name, f.conname), '[]')
                 FROM tables JOIN pg_constraint f ON f.contype = 'f' AND f.confrelid = tables.oid AND f.conparentid = 0 JOIN named c ON c.oid = f.conrelid WHERE f.conrelid NOT IN (SELECT oid FROM tables)) AS "foreignKeys"`,
      base.schema,
      base.name,
    ),
  );
}

export interface ViewDependant {
  readonly name: string;
  readonly quoted: string;
  readonly owner: string;
  readonly isMaterialised: boolean;
}

/** Views and materialised views that read a view, over any number of others. */
export function readViewDependants(session: Session, view: QualifiedName): Promise<readonly ViewDependant[]> {
  return session.rows<ViewDependant>(
    sql(
      `WITH RECURSIVE readers(oid) AS (
         SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE (n.nspname, c.relname) = ($1, $2)
         UNION SELECT r.ev_class FROM readers JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = readers.oid AND d.classid = 'pg_rewrite'::regclass
           JOIN pg_rewrite r ON r.oid = d.objid)
       SELECT format('%s.%s', n.nspname, c.relname) AS name, format('%I.%I', n.nspname, c.relname) AS quoted, pg_get_userbyid(c.relowner) AS owner, c.relkind = 'm' AS "isMaterialised"
         FROM readers JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('v', 'm') AND (n.nspname, c.relname) <> ($1, $2) ORDER BY 1`,
      view.schema,
      view.name,
    ),
  );
}
