import type pg from 'pg';

/** Everything a person could notice of the scenario's schemas: relations, columns, view text, grants, triggers, comments, rows. */
export async function photograph(admin: pg.Pool): Promise<unknown> {
  const { rows } = await admin.query<{ picture: unknown }>(`
    SELECT jsonb_build_object(
      'relations', (SELECT jsonb_agg(jsonb_build_array(n.nspname, c.relname, c.relkind, c.relowner::regrole, c.relacl::text, c.reloptions, obj_description(c.oid, 'pg_class')) ORDER BY n.nspname, c.relname)
                      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('finance', 'staging') AND c.relkind IN ('r', 'v', 'm', 'p')),
      'columns', (SELECT jsonb_agg(jsonb_build_array(table_schema, table_name, column_name, data_type, is_nullable, column_default) ORDER BY table_schema, table_name, ordinal_position) FROM information_schema.columns WHERE table_schema IN ('finance', 'staging')),
      'views', (SELECT jsonb_agg(pg_get_viewdef(c.oid) ORDER BY c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'finance' AND c.relkind = 'v'),
      'triggers', (SELECT jsonb_agg(tgname ORDER BY tgname) FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = 'finance.daily_revenue'::regclass),
      'schemas', (SELECT jsonb_agg(jsonb_build_array(nspname, nspacl::text) ORDER BY nspname) FROM pg_namespace WHERE nspname IN ('finance', 'staging')),
      'rows', (SELECT jsonb_build_array(count(*), sum(hash_record_extended(d, 0))::text) FROM finance.daily_revenue d)) AS picture`);
  return rows[0]?.picture;
}
