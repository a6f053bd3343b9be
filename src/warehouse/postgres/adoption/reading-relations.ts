import type { Session } from '../../session.ts';
import { sql } from '../../sql.ts';

/** A view or materialised view that reads the base table, with all that must survive when it reads another relation. */
export interface ReadingRelation {
  readonly oid: number;
  readonly kind: 'view' | 'materialised view';
  /** Quoted where needed, as the server prints it; so are all names below. */
  readonly name: string;
  readonly schema: string;
  readonly bareName: string;
  readonly owner: string;
  /** `security_barrier=true` and the like. */
  readonly options: readonly string[];
  /** With its semicolon. */
  readonly definition: string;
  /** Partitions of the base that it names by themselves. */
  readonly partitions: readonly string[];
  /** Roles that change rows of the base through it. */
  readonly writers: readonly string[];
  readonly isInvoker: boolean;
}

/** What else a materialised view has: it is made anew, where a view is replaced. */
export interface KeptOfMaterialised {
  readonly populated: boolean;
  readonly accessMethod: string;
  readonly comment: string | null;
  readonly columns: readonly {
    readonly name: string;
    readonly comment: string | null;
    readonly target: number | null;
  }[];
  readonly indexes: readonly {
    readonly name: string;
    readonly bareName: string;
    readonly definition: string;
    readonly comment: string | null;
    readonly clustered: boolean;
  }[];
  /** As GRANT takes them: `SELECT`, or `SELECT (a, b)`. */
  readonly grants: readonly { readonly to: string; readonly what: string; readonly grantable: boolean }[];
  /** Views that read it, with their definitions. */
  readonly views: readonly ReadingRelation[];
  /** What would keep it from being made anew. */
  readonly obstacles: readonly string[];
}

const RELATION = `SELECT c.oid, CASE c.relkind WHEN 'm' THEN 'materialised view' ELSE 'view' END AS kind, format('%I.%I', n.nspname, c.relname) AS name, n.nspname AS schema, c.relname AS "bareName",
         quote_ident(pg_get_userbyid(c.relowner)) AS owner, coalesce(to_jsonb(c.reloptions), '[]') AS options, pg_get_viewdef(c.oid) AS definition,
         coalesce(c.reloptions::text[] && '{security_invoker=true,security_invoker=on,security_invoker=1,security_invoker=yes}', false) AS "isInvoker",
         coalesce((SELECT jsonb_agg(DISTINCT d.refobjid::regclass::text) FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
                    WHERE r.ev_class = c.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY ($2::oid[])), '[]') AS partitions,
         coalesce((SELECT jsonb_agg(DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END) FROM aclexplode(c.relacl) a
                    WHERE c.relkind = 'v' AND a.grantee <> c.relowner AND a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE')
                      AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgtype & 64 > 0)), '[]') AS writers
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace`;

/** `partitions` are the OIDs of the base table's partitions. */
export function readRelations(
  session: Session,
  oids: readonly number[],
  partitions: readonly number[],
): Promise<ReadingRelation[]> {
  return session.rows<ReadingRelation>(
    sql(`${RELATION} WHERE c.oid = ANY ($1::oid[]) ORDER BY name`, oids, partitions),
  );
}

export async function readMaterialised(session: Session, oid: number): Promise<KeptOfMaterialised> {
  const kept = await session.one<Omit<KeptOfMaterialised, 'views'>>(
    sql(
      `SELECT c.relispopulated AS populated, quote_ident(am.amname) AS "accessMethod", obj_description(c.oid, 'pg_class') AS comment,
              (SELECT jsonb_agg(jsonb_build_object('name', quote_ident(a.attname), 'comment', col_description(c.oid, a.attnum), 'target', nullif(a.attstattarget, -1)) ORDER BY a.attnum)
                 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
              coalesce((SELECT jsonb_agg(jsonb_build_object('name', i.indexrelid::regclass::text, 'bareName', (SELECT relname FROM pg_class WHERE oid = i.indexrelid), 'definition', pg_get_indexdef(i.indexrelid), 'comment', obj_description(i.indexrelid, 'pg_class'), 'clustered', i.indisclustered) ORDER BY i.indexrelid)
                 FROM pg_index i WHERE i.indrelid = c.oid), '[]') AS indexes,
              coalesce((SELECT jsonb_agg(jsonb_build_object('to', CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END, 'what', g.what, 'grantable', g.is_grantable) ORDER BY g.place)
                 FROM (SELECT a.grantee, a.privilege_type AS what, a.is_grantable, row_number() OVER () AS place FROM aclexplode(c.relacl) a
                       UNION ALL SELECT a.grantee, format('%s (%I)', a.privilege_type, t.attname), a.is_grantable, 1000 + t.attnum FROM pg_attribute t, aclexplode(t.attacl) a WHERE t.attrelid = c.oid) g
                WHERE g.grantee <> c.relowner), '[]') AS grants,
              (SELECT coalesce(jsonb_agg(obstacle), '[]') FROM (
                 SELECT format('%s reads it', pg_describe_object(d.classid, d.objid, d.objsubid)) AS obstacle
                   FROM pg_depend d LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid LEFT JOIN pg_class v ON v.oid = r.ev_class
                  WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.deptype = 'n' AND NOT (v.oid IS NOT NULL AND (v.oid = c.oid OR (v.relkind = 'v' AND r.rulename = '_RETURN')))
                 UNION SELECT format('extended statistics %s', s.stxname) FROM pg_statistic_ext s WHERE s.stxrelid = c.oid
                 UNION SELECT format('a security label of %s', l.provider) FROM pg_seclabel l WHERE l.classoid = 'pg_class'::regclass AND l.objoid = c.oid
                 UNION SELECT format('%s stands in a tablespace of its own', p.oid::regclass) FROM pg_class p WHERE p.reltablespace <> 0 AND (p.oid = c.oid OR p.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = c.oid))
                 UNION SELECT format('a right on it was given by %s and not by its owner', a.grantor::regrole) FROM aclexplode(c.relacl) a WHERE a.grantor <> c.relowner) found) AS obstacles
         FROM pg_class c JOIN pg_am am ON am.oid = c.relam WHERE c.oid = $1`,
      oid,
    ),
  );
  const views = await session.rows<ReadingRelation>(
    sql(
      `${RELATION} WHERE c.relkind = 'v' AND c.oid IN (SELECT r.ev_class FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass AND r.rulename = '_RETURN'
         WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = $1) ORDER BY name`,
      oid,
      [],
    ),
  );
  return { ...kept, views };
}
