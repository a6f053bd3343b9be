import type { Session } from '../../session.ts';
import { sql } from '../../sql.ts';

/** What people and programs see of a relation beside its rows and its definition, as one text each, by name. */
export async function readCarriedOver(
  session: Session,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await session.rows<{ name: string; face: string }>(
    sql(
      `SELECT name, jsonb_build_array(c.relkind, c.relowner::regrole, c.reloptions, obj_description(c.oid, 'pg_class'),
                (SELECT array_agg(acl::text ORDER BY acl::text) FROM unnest(c.relacl) acl),
                (SELECT jsonb_agg(jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod), a.attcollation, a.attacl::text, nullif(a.attstattarget, -1), col_description(c.oid, a.attnum),
                                                    (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = c.oid AND d.adnum = a.attnum)) ORDER BY a.attnum)
                   FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0),
                (SELECT jsonb_agg(jsonb_build_array(pg_get_indexdef(i.indexrelid), i.indisclustered, obj_description(i.indexrelid, 'pg_class')) ORDER BY pg_get_indexdef(i.indexrelid)) FROM pg_index i WHERE i.indrelid = c.oid),
                (SELECT jsonb_agg(pg_get_triggerdef(t.oid) ORDER BY t.tgname) FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal))::text AS face
         FROM unnest($1::text[]) name JOIN pg_class c ON c.oid = name::regclass`,
      names,
    ),
  );
  return new Map(rows.map(({ name, face }) => [name, face]));
}
