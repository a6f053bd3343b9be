-- Who may read what the published view lays over the base, and which rows of it: as it was for the base, and never more.

CREATE FUNCTION governance.row_security(relation regclass) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jsonb_build_object('enabled', c.relrowsecurity, 'forced', c.relrowsecurity AND c.relforcerowsecurity, 'policies', coalesce((
           SELECT jsonb_agg(jsonb_build_object('name', p.polname, 'restrictive', NOT p.polpermissive, 'using', pg_get_expr(p.polqual, p.polrelid),
                    'roles', (SELECT jsonb_agg(CASE WHEN role = 0 THEN 'public' ELSE pg_get_userbyid(role) END ORDER BY pg_get_userbyid(role) COLLATE "C") FROM unnest(p.polroles) role)) ORDER BY p.polname COLLATE "C")
             FROM pg_policy p WHERE c.relrowsecurity AND p.polrelid = c.oid AND p.polcmd IN ('*', 'r') AND p.polqual IS NOT NULL), '[]'))
    FROM pg_class c WHERE c.oid = relation
$$;
COMMENT ON FUNCTION governance.row_security IS 'Flags and policies that decide which rows are read. A plan has the same of its base table.';

CREATE TABLE governance.overlay_row_security (
  backfill_id  text PRIMARY KEY REFERENCES governance.backfill_runs,
  row_security jsonb NOT NULL
);
COMMENT ON TABLE governance.overlay_row_security IS 'Policies of the overlay as they were copied from the base: expressions name the overlay.';

CREATE FUNCTION governance.reads_as_reader(p_view regclass) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce((SELECT option_value::boolean FROM pg_class c, pg_options_to_table(c.reloptions) WHERE c.oid = p_view AND option_name = 'security_invoker'), false)
$$;

-- Roles, and 0 for PUBLIC, that can read a view of this base with their own rights. A view wants every column that its definition names, whatever a query asks of it.
CREATE FUNCTION governance.readers(p_view regclass, p_base regclass) RETURNS SETOF oid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT r.oid FROM (SELECT 0::oid AS oid UNION ALL SELECT oid FROM pg_roles WHERE NOT rolsuper) r
   WHERE has_any_column_privilege(r.oid, p_view::oid, 'SELECT')
     AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = p_view AND a.attnum > 0 AND NOT a.attisdropped AND NOT has_column_privilege(r.oid, p_base::oid, a.attname::text, 'SELECT'))
$$;

-- Those of them to whom a grant reaches them all: the grantees of view and base who can read both, and whoever reads by several memberships together.
-- Never a grantee of the view alone: whoever may not read the base may not read the overlay.
CREATE FUNCTION governance.reader_grantees(p_view regclass, p_base regclass) RETURNS SETOF oid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH reader AS (SELECT r FROM governance.readers(p_view, p_base) r WHERE NOT pg_has_role(r, 'pg_read_all_data', 'USAGE')),
       named AS (SELECT a.grantee FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid IN (p_view, p_base) AND a.privilege_type = 'SELECT'
                 UNION SELECT a.grantee FROM pg_attribute c, aclexplode(c.attacl) a WHERE c.attrelid IN (p_view, p_base) AND a.privilege_type = 'SELECT'
                 UNION SELECT relowner FROM pg_class WHERE oid IN (p_view, p_base)),
       covering AS (SELECT r FROM reader JOIN named ON named.grantee = r)
  SELECT r FROM covering
  UNION SELECT reader.r FROM reader WHERE NOT EXISTS (SELECT FROM covering c WHERE c.r = 0 OR pg_has_role(reader.r, c.r, 'USAGE'))
$$;

CREATE TABLE governance.reader_grants (
  backfill_id text NOT NULL REFERENCES governance.backfill_runs,
  relation    text NOT NULL CHECK (relation IN ('shadow', 'pointer')),
  grantee     oid NOT NULL,
  role        text NOT NULL,
  columns     text[] NOT NULL,
  granted_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  revoked_at  timestamptz,
  PRIMARY KEY (backfill_id, relation, grantee)
);
COMMENT ON TABLE governance.reader_grants IS 'SELECT that readers of a security_invoker view were given for a run, and that its clean-up takes back. What somebody else granted is not here.';
COMMENT ON COLUMN governance.reader_grants.grantee IS '0 is PUBLIC.';

-- Null unless somebody who reads the view now could not read it armed, or would see other rows through the overlay than through the base.
CREATE FUNCTION governance.readers_left_out(p_backfill_id text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE run governance.backfill_runs; ds governance.datasets; shadow regclass; copied jsonb; lacking text;
BEGIN
  SELECT * INTO STRICT run FROM governance.backfill_runs WHERE backfill_id = p_backfill_id;
  SELECT * INTO STRICT ds FROM governance.datasets WHERE dataset = run.dataset;
  SELECT a.oid INTO shadow FROM governance.backfill_artifacts a WHERE a.backfill_id = p_backfill_id AND a.kind = 'shadow' AND a.dropped_at IS NULL;
  IF governance.row_security(ds.base_table) IS DISTINCT FROM (run.plan -> 'rowSecurity')::jsonb THEN
    RETURN format('row security of %s is not that of the plan', run.dataset);
  END IF;
  SELECT row_security INTO copied FROM governance.overlay_row_security WHERE backfill_id = p_backfill_id;
  IF copied IS NULL OR governance.row_security(shadow) IS DISTINCT FROM copied
     OR EXISTS (SELECT FROM jsonb_array_elements((run.plan -> 'rowSecurity' -> 'policies')::jsonb) wanted
                 WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(copied -> 'policies') have WHERE have - 'using' = wanted - 'using'))
     OR copied - 'policies' <> (run.plan -> 'rowSecurity')::jsonb - 'policies' THEN
    RETURN format('the overlay of %s does not carry the row policies of the table: somebody changed them', run.dataset);
  END IF;
  WITH reader AS (SELECT r FROM governance.readers(ds.published_view, ds.base_table) r WHERE governance.reads_as_reader(ds.published_view)
                  UNION ALL SELECT relowner FROM pg_class WHERE oid = ds.published_view AND NOT governance.reads_as_reader(ds.published_view)),
       shown AS (SELECT jsonb_array_elements_text(run.plan::jsonb -> 'viewColumns') AS name),
       wanted AS (SELECT 1 AS place, run.dataset AS relation, ds.base_table::oid AS oid, name FROM shown
                  UNION SELECT 1, run.dataset, ds.base_table::oid, run.plan -> 'contract' -> 'partition' ->> 'key'
                  UNION SELECT 2, 'the overlay', shadow::oid, name FROM shown
                  UNION SELECT 3, 'governance.active_releases', 'governance.active_releases'::regclass::oid, unnest(ARRAY['dataset', 'backfill_id'])),
       refused AS (SELECT CASE WHEN r = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(r) END AS role, relation, place, string_agg(format('%I', name), ', ' ORDER BY name) AS columns
                     FROM reader, wanted WHERE NOT has_column_privilege(r, wanted.oid, name, 'SELECT') GROUP BY 1, 2, 3 ORDER BY 1, 3 LIMIT 5)
  SELECT string_agg(format('%s may not read %s of %s', role, columns, relation), '; ' ORDER BY role, place) INTO lacking FROM refused;
  RETURN CASE WHEN lacking IS NOT NULL THEN format('%s would refuse its readers: %s', ds.published_view, lacking) END;
END $$;

-- Of everything that readers_left_out() reads and that somebody may change beside a run whose row is locked, by row versions: what was changed and changed back differs too.
-- A few columns of each role of the server, where the other asks for each column of each role.
CREATE FUNCTION governance.readers_digest(p_backfill_id text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (WITH relation AS (SELECT d.published_view::oid AS oid FROM governance.backfill_runs b JOIN governance.datasets d USING (dataset) WHERE b.backfill_id = p_backfill_id
                    UNION SELECT d.base_table::oid FROM governance.backfill_runs b JOIN governance.datasets d USING (dataset) WHERE b.backfill_id = p_backfill_id
                    UNION SELECT a.oid FROM governance.backfill_artifacts a WHERE a.backfill_id = p_backfill_id AND a.kind = 'shadow' AND a.dropped_at IS NULL
                    UNION SELECT 'governance.active_releases'::regclass::oid)
  SELECT md5(concat_ws('|',
    (SELECT string_agg(format('%s:%s', c.oid, c.xmin), ' ' ORDER BY c.oid) FROM pg_class c JOIN relation USING (oid)),
    (SELECT string_agg(format('%s.%s:%s', a.attrelid, a.attnum, a.xmin), ' ' ORDER BY a.attrelid, a.attnum) FROM pg_attribute a JOIN relation ON relation.oid = a.attrelid WHERE a.attnum > 0),
    (SELECT string_agg(format('%s:%s', p.oid, p.xmin), ' ' ORDER BY p.oid) FROM pg_policy p JOIN relation ON relation.oid = p.polrelid),
    (SELECT string_agg(format('%s %s %s %s', r.oid, r.rolname, r.rolsuper, r.rolinherit), ' ' ORDER BY r.oid) FROM pg_roles r),
    (SELECT string_agg(format('%s %s %s', m.roleid, m.member, m.xmin), ' ' ORDER BY m.roleid, m.member, m.xmin::text) FROM pg_auth_members m),
    (SELECT d.xmin::text FROM pg_database d WHERE d.datname = current_database()),
    (SELECT o.xmin::text FROM governance.overlay_row_security o WHERE o.backfill_id = p_backfill_id))));
END $$;

-- A grantee who was given the pointer for no other run loses what he was given; a role that is gone has lost it.
CREATE FUNCTION governance.take_pointer(p_backfill_id text, p_grantee oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE given governance.reader_grants;
BEGIN
  UPDATE governance.reader_grants SET revoked_at = clock_timestamp()
   WHERE backfill_id = p_backfill_id AND relation = 'pointer' AND grantee = p_grantee AND revoked_at IS NULL RETURNING * INTO given;
  IF FOUND AND NOT EXISTS (SELECT FROM governance.reader_grants WHERE relation = 'pointer' AND grantee = p_grantee AND revoked_at IS NULL)
     AND (p_grantee = 0 OR EXISTS (SELECT FROM pg_roles WHERE oid = p_grantee)) THEN
    EXECUTE format('REVOKE SELECT (%s) ON governance.active_releases FROM %s', (SELECT string_agg(format('%I', c), ', ') FROM unnest(given.columns) c),
                   CASE WHEN p_grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(p_grantee)) END);
  END IF;
END $$;

-- Gives the two columns of the pointer to whoever reads the view with his own rights, takes them from whoever no longer does, and answers who is to read the overlay and who
-- no longer: the overlay is the caller's. USAGE of a schema is not among it: a view names its relations by their OIDs, and nobody else needs to name them.
CREATE FUNCTION governance.follow_readers(p_backfill_id text) RETURNS TABLE (role text, may_read boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE run governance.backfill_runs; ds governance.datasets; shadow_owner oid; one oid; shown text[]; theirs text[]; known text[];
BEGIN
  -- One after the other: a grant that two runs share is given and taken by the whole of what stands here.
  LOCK TABLE governance.reader_grants IN SHARE ROW EXCLUSIVE MODE;
  SELECT * INTO STRICT run FROM governance.backfill_runs WHERE backfill_id = p_backfill_id AND ended_at IS NULL;
  SELECT * INTO STRICT ds FROM governance.datasets WHERE dataset = run.dataset;
  IF NOT governance.reads_as_reader(ds.published_view) THEN RETURN; END IF;
  SELECT c.relowner INTO STRICT shadow_owner FROM governance.backfill_artifacts a JOIN pg_class c ON c.oid = a.oid WHERE a.backfill_id = p_backfill_id AND a.kind = 'shadow' AND a.dropped_at IS NULL;
  SELECT array_agg(name) INTO STRICT shown FROM jsonb_array_elements_text(run.plan::jsonb -> 'viewColumns') name;
  FOR one IN SELECT g.grantee FROM governance.reader_grants g WHERE g.backfill_id = p_backfill_id AND g.relation = 'shadow' AND g.revoked_at IS NULL
              AND g.grantee NOT IN (SELECT governance.reader_grantees(ds.published_view, ds.base_table)) LOOP
    PERFORM governance.take_pointer(p_backfill_id, one);
    UPDATE governance.reader_grants g SET revoked_at = clock_timestamp() WHERE g.backfill_id = p_backfill_id AND g.relation = 'shadow' AND g.grantee = one;
    IF one = 0 OR EXISTS (SELECT FROM pg_roles WHERE oid = one) THEN
      RETURN QUERY SELECT CASE WHEN one = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one)) END, false;
    END IF;
  END LOOP;
  FOR one IN SELECT g FROM governance.reader_grantees(ds.published_view, ds.base_table) g WHERE g <> shadow_owner LOOP
    INSERT INTO governance.reader_grants AS g (backfill_id, relation, grantee, role, columns) VALUES (p_backfill_id, 'shadow', one, CASE WHEN one = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(one) END, shown)
    ON CONFLICT ON CONSTRAINT reader_grants_pkey DO UPDATE SET columns = EXCLUDED.columns, revoked_at = NULL WHERE g.revoked_at IS NOT NULL OR g.columns <> EXCLUDED.columns;
    RETURN QUERY SELECT CASE WHEN one = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one)) END, true;
    CONTINUE WHEN EXISTS (SELECT FROM governance.reader_grants g WHERE g.backfill_id = p_backfill_id AND g.relation = 'pointer' AND g.grantee = one AND g.revoked_at IS NULL);
    SELECT g.columns INTO known FROM governance.reader_grants g WHERE g.relation = 'pointer' AND g.grantee = one AND g.revoked_at IS NULL LIMIT 1;
    IF known IS NULL THEN
      SELECT coalesce(array_agg(a.attname::text), '{}') INTO theirs FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
       WHERE c.oid = 'governance.active_releases'::regclass AND a.attname IN ('dataset', 'backfill_id')
         AND EXISTS (SELECT FROM aclexplode(a.attacl) x WHERE x.grantee = one AND x.privilege_type = 'SELECT' UNION ALL SELECT FROM aclexplode(c.relacl) x WHERE x.grantee = one AND x.privilege_type = 'SELECT');
      SELECT array_agg(c) INTO known FROM unnest(ARRAY['dataset', 'backfill_id']) c WHERE c <> ALL (theirs);
      CONTINUE WHEN known IS NULL;
      EXECUTE format('GRANT SELECT (%s) ON governance.active_releases TO %s', array_to_string(known, ', '), CASE WHEN one = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one)) END);
    END IF;
    INSERT INTO governance.reader_grants AS g (backfill_id, relation, grantee, role, columns) VALUES (p_backfill_id, 'pointer', one, CASE WHEN one = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(one) END, known)
    ON CONFLICT ON CONSTRAINT reader_grants_pkey DO UPDATE SET columns = EXCLUDED.columns, granted_at = clock_timestamp(), revoked_at = NULL;
  END LOOP;
END $$;

-- Somebody reads the view who was not given what he needs, or was given it and reads it no more. Cheap enough for every tick.
CREATE FUNCTION governance.readers_moved(p_backfill_id text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT governance.reads_as_reader(d.published_view) AND EXISTS (
           SELECT g FROM governance.reader_grantees(d.published_view, d.base_table) g
            WHERE g <> (SELECT c.relowner FROM governance.backfill_artifacts a JOIN pg_class c ON c.oid = a.oid WHERE a.backfill_id = p_backfill_id AND a.kind = 'shadow' AND a.dropped_at IS NULL)
              AND NOT EXISTS (SELECT FROM governance.reader_grants r WHERE r.backfill_id = p_backfill_id AND r.relation = 'shadow' AND r.grantee = g AND r.revoked_at IS NULL)
           UNION ALL
           SELECT r.grantee FROM governance.reader_grants r WHERE r.backfill_id = p_backfill_id AND r.relation = 'shadow' AND r.revoked_at IS NULL
              AND r.grantee NOT IN (SELECT governance.reader_grantees(d.published_view, d.base_table)))
    FROM governance.backfill_runs b JOIN governance.datasets d USING (dataset) WHERE b.backfill_id = p_backfill_id);
END $$;

-- After the view is plain again and the overlay gone: what was given for this run, and nothing else.
CREATE FUNCTION governance.forget_readers(p_backfill_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE one oid;
BEGIN
  LOCK TABLE governance.reader_grants IN SHARE ROW EXCLUSIVE MODE;
  IF EXISTS (SELECT FROM governance.backfill_artifacts a WHERE a.backfill_id = p_backfill_id AND a.kind = 'shadow' AND a.dropped_at IS NULL) THEN
    RAISE EXCEPTION 'the overlay of % is there: its readers keep their grants', p_backfill_id USING ERRCODE = '55000';
  END IF;
  FOR one IN SELECT grantee FROM governance.reader_grants WHERE backfill_id = p_backfill_id AND relation = 'pointer' AND revoked_at IS NULL LOOP
    PERFORM governance.take_pointer(p_backfill_id, one);
  END LOOP;
  UPDATE governance.reader_grants SET revoked_at = clock_timestamp() WHERE backfill_id = p_backfill_id AND revoked_at IS NULL;
END $$;
