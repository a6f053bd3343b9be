-- Elevated functions of dataset {{dataset_text}}: reviewed once, installed once, pinned to this table and this view.
-- The worker may call them and nothing else may; each does one thing and takes no SQL from its caller.
-- Table owner: {{table_owner}}; view owner: {{view_owner}}; worker: {{worker}}; ledger owner: {{ledger_owner}}.

GRANT USAGE ON SCHEMA governance TO {{table_owner}}, {{view_owner}};
GRANT SELECT ON governance.backfill_runs, governance.backfill_partitions, governance.dirty_partitions, governance.active_releases TO {{table_owner}};
GRANT SELECT ON governance.backfill_runs, governance.active_releases TO {{view_owner}};
GRANT SELECT ON governance.datasets TO {{table_owner}}, {{view_owner}};
GRANT USAGE, CREATE ON SCHEMA {{view_schema}} TO {{view_owner}};
GRANT EXECUTE ON FUNCTION governance.reads_as_reader(regclass), governance.readers(regclass, regclass), governance.readers_left_out(text) TO {{view_owner}};
GRANT EXECUTE ON FUNCTION governance.before_fence(regclass) TO {{table_owner}};

-- Held to the end of the caller's transaction: writers wait, readers do not. No attempt while a transaction in its way is older than a second.
-- An autovacuum yields, but only to whoever has waited for deadlock_timeout (1 s), and comes again: where nobody else is in the way it is waited for.
CREATE OR REPLACE FUNCTION governance.{{fence}}() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $$
BEGIN
  IF (SELECT bool_and(autovacuum) FROM governance.before_fence({{base_literal}}::regclass)) THEN PERFORM set_config('lock_timeout', '1500ms', true); END IF;
  LOCK TABLE {{base}} IN SHARE ROW EXCLUSIVE MODE;
  IF {{base_literal}}::regclass IS DISTINCT FROM (SELECT base_table FROM governance.datasets WHERE dataset = {{dataset}}) THEN
    RAISE EXCEPTION 'another table is called {{dataset_text}} by now: what it holds was neither planned nor captured' USING ERRCODE = '55000';
  END IF;
END $$;
ALTER FUNCTION governance.{{fence}}() OWNER TO {{table_owner}};

-- Rows that policies kept from the owner of the table would be taken for rows that are not there: with row_security off that is an error.
-- One partition, guarded: a row is touched only while it is still what the snapshot kept. Returns what was done and what was left to the live pipeline.
-- Where the unique key does not hold the partition key, the corrected logic may move a row to another partition: whichever of the two comes first moves it.
CREATE OR REPLACE FUNCTION governance.{{consolidate}}(p_backfill_id text, p_ordinal integer) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' SET row_security = off AS $$
DECLARE
  run governance.backfill_runs; part governance.backfill_partitions; slice_b text; slice_s text; bs text; so text; bo text; uk text; cols text; src text;
  added text[]; pre_b text; pre_o text; compared_b text; compared_s text; places text[]; place text; touched bigint;
  inserted bigint; updated bigint := 0; deleted bigint; remaining bigint; shadow regclass; snapshot regclass;
BEGIN
  SELECT * INTO STRICT run FROM governance.backfill_runs WHERE backfill_id = p_backfill_id AND dataset = {{dataset}} AND ended_at IS NULL;
  IF NOT EXISTS (SELECT FROM governance.active_releases WHERE dataset = {{dataset}} AND backfill_id = p_backfill_id AND consolidating) THEN
    RAISE EXCEPTION 'consolidation of % has not begun: its release is not shown, or not signed off by every party', p_backfill_id USING ERRCODE = '55000';
  END IF;
  shadow := run.shadow_table::regclass;
  snapshot := run.snapshot_table::regclass;
  SELECT * INTO STRICT part FROM governance.backfill_partitions WHERE backfill_id = p_backfill_id AND ordinal = p_ordinal;
  slice_b := format('b.{{key_in_literal}} >= %1$L::{{key_type}} AND b.{{key_in_literal}} < %2$L::{{key_type}}', part.partition_start, part.partition_end);
  slice_s := format('s.{{key_in_literal}} >= %1$L::{{key_type}} AND s.{{key_in_literal}} < %2$L::{{key_type}}', part.partition_start, part.partition_end);
  -- Columns that were added since are not in the snapshot: what the transform yields of them is moved, a constant stays what the base has.
  SELECT coalesce(array_agg(a ->> 'name'), '{}') INTO added FROM jsonb_array_elements(run.plan::jsonb -> 'addedColumns') a WHERE a ->> 'filledBy' = 'transform';
  SELECT string_agg(format('%I', c), ', '), string_agg(format('s.%I', c), ', ') INTO cols, src
    FROM (SELECT jsonb_array_elements_text(run.plan::jsonb -> 'storedColumns') UNION ALL SELECT unnest(added)) stored(c);
  SELECT string_agg(format('b.%I', c), ', '), string_agg(format('o.%I', c), ', ')
    INTO pre_b, pre_o FROM jsonb_array_elements_text(run.plan::jsonb -> 'comparedColumns') c;
  SELECT string_agg(format('b.%I', c), ', '), string_agg(format('s.%I', c), ', ') INTO compared_b, compared_s
    FROM (SELECT jsonb_array_elements_text(run.plan::jsonb -> 'comparedColumns') UNION ALL SELECT unnest(added)) built(c);
  -- Where a column of the key may be null, null is a value of the key like any other; arrays of one element can be hashed.
  SELECT string_agg(format(same, 'b', c, 's'), ' AND '), string_agg(format(same, 's', c, 'o'), ' AND '), string_agg(format(same, 'b', c, 'o'), ' AND '), string_agg(format('%I', c), ', ')
    INTO bs, so, bo, uk FROM jsonb_array_elements_text(run.plan::jsonb -> 'uniqueKey') c, LATERAL (SELECT CASE WHEN run.plan::jsonb -> 'columns' @> jsonb_build_array(jsonb_build_object('name', c, 'notNull', false))
      THEN 'ARRAY[%1$s.%2$I] = ARRAY[%3$s.%2$I]' ELSE '%1$s.%2$I = %3$s.%2$I' END AS same) written;

  places := CASE WHEN run.plan::jsonb -> 'uniqueKey' ? {{key_literal}} THEN ARRAY[slice_b || ' AND ' || slice_s] ELSE ARRAY[slice_b, slice_s || ' AND NOT (' || slice_b || ')'] END;
  FOREACH place IN ARRAY places LOOP
    EXECUTE format('UPDATE {{base_in_literal}} b SET (%s) = ROW(%s) FROM %s s JOIN %s o ON %s WHERE %s AND %s AND ROW(%s) IS NOT DISTINCT FROM ROW(%s) AND ROW(%s) IS DISTINCT FROM ROW(%s)',
      cols, src, shadow, snapshot, so, bs, place, pre_b, pre_o, compared_b, compared_s);
    GET DIAGNOSTICS touched = ROW_COUNT;
    updated := updated + touched;
  END LOOP;
  EXECUTE format('DELETE FROM {{base_in_literal}} b USING %s o WHERE %s AND %s AND ROW(%s) IS NOT DISTINCT FROM ROW(%s) AND NOT EXISTS (SELECT FROM %s s WHERE %s)',
    snapshot, bo, slice_b, pre_b, pre_o, shadow, bs);
  GET DIAGNOSTICS deleted = ROW_COUNT;
  EXECUTE format('INSERT INTO {{base_in_literal}} (%1$s) SELECT %2$s FROM %3$s s WHERE %4$s AND NOT EXISTS (SELECT FROM %5$s o WHERE %6$s) AND NOT EXISTS (SELECT FROM {{base_in_literal}} b WHERE %7$s) ORDER BY %8$s ON CONFLICT DO NOTHING',
    cols, src, shadow, slice_s, snapshot, so, bs, uk);
  GET DIAGNOSTICS inserted = ROW_COUNT;
  EXECUTE format('SELECT count(*) FROM (SELECT * FROM {{base_in_literal}} b WHERE %s) b FULL JOIN (SELECT * FROM %s s WHERE %s) s ON %s WHERE ROW(%s) IS DISTINCT FROM ROW(%s)',
    slice_b, shadow, slice_s, bs, compared_b, compared_s) INTO remaining;
  RETURN jsonb_build_object('inserted', inserted, 'updated', updated, 'deleted', deleted, 'left', remaining);
END $$;
ALTER FUNCTION governance.{{consolidate}}(text, integer) OWNER TO {{table_owner}};

-- The first partition found whose rows in the base are not those that its build saw; null where every one is as it was. All columns count, as they do for a trigger.
CREATE OR REPLACE FUNCTION governance.{{changed}}(p_backfill_id text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE run governance.backfill_runs; every_column text; found text;
BEGIN
  SELECT * INTO STRICT run FROM governance.backfill_runs WHERE backfill_id = p_backfill_id AND dataset = {{dataset}};
  SELECT string_agg(format('b.%I', c ->> 'name'), ', ') INTO every_column FROM jsonb_array_elements(run.plan::jsonb -> 'columns') c;
  EXECUTE format('SELECT p.partition_start FROM governance.backfill_partitions p CROSS JOIN LATERAL (SELECT count(*) || '':'' || coalesce(sum(hash_record_extended(ROW(%s), 0)), 0) AS fingerprint
      FROM {{base_in_literal}} b WHERE b.{{key_in_literal}} >= p.partition_start::{{key_type}} AND b.{{key_in_literal}} < p.partition_end::{{key_type}}) now
     WHERE p.backfill_id = $1 AND p.base_fingerprint IS DISTINCT FROM now.fingerprint LIMIT 1', every_column) INTO found USING p_backfill_id;
  RETURN found;
END $$;
ALTER FUNCTION governance.{{changed}}(text) OWNER TO {{table_owner}};

-- Rows of the interval in which base and overlay differ.
CREATE OR REPLACE FUNCTION governance.{{differences}}(p_backfill_id text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE run governance.backfill_runs; inside text; same_key text; compared_b text; compared_s text; found bigint; shadow regclass;
BEGIN
  SELECT * INTO STRICT run FROM governance.backfill_runs WHERE backfill_id = p_backfill_id AND dataset = {{dataset}};
  shadow := run.shadow_table::regclass;
  SELECT string_agg(format('(b.{{key_in_literal}} >= %L::{{key_type}} AND b.{{key_in_literal}} < %L::{{key_type}})', r ->> 'start', r ->> 'end'), ' OR ') INTO inside FROM jsonb_array_elements(run.key_ranges) r;
  SELECT string_agg(format('b.%I', c), ', '), string_agg(format('s.%I', c), ', ') INTO compared_b, compared_s
    FROM (SELECT jsonb_array_elements_text(run.plan::jsonb -> 'comparedColumns')
          UNION ALL SELECT a ->> 'name' FROM jsonb_array_elements(run.plan::jsonb -> 'addedColumns') a WHERE a ->> 'filledBy' = 'transform') built(c);
  SELECT string_agg(format(CASE WHEN run.plan::jsonb -> 'columns' @> jsonb_build_array(jsonb_build_object('name', c, 'notNull', false)) THEN 'ARRAY[b.%1$I] = ARRAY[s.%1$I]' ELSE 'b.%1$I = s.%1$I' END, c), ' AND ')
    INTO same_key FROM jsonb_array_elements_text(run.plan::jsonb -> 'uniqueKey') c;
  EXECUTE format('SELECT count(*) FROM (SELECT * FROM {{base_in_literal}} b WHERE %s) b FULL JOIN %s s ON %s WHERE ROW(%s) IS DISTINCT FROM ROW(%s)', inside, shadow, same_key, compared_b, compared_s) INTO found;
  RETURN found;
END $$;
ALTER FUNCTION governance.{{differences}}(text) OWNER TO {{table_owner}};

-- The three bodies of the view over the given columns; without a shadow the plain one alone.
CREATE OR REPLACE FUNCTION governance.{{view_bodies}}(p_backfill_id text, p_columns text[]) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  run governance.backfill_runs; cols text; inside text; outside text; shadow regclass;
  gate text := format('(SELECT backfill_id FROM governance.active_releases WHERE dataset = %L)', {{dataset}});
BEGIN
  SELECT * INTO STRICT run FROM governance.backfill_runs WHERE backfill_id = p_backfill_id AND dataset = {{dataset}};
  shadow := to_regclass(run.shadow_table);
  SELECT string_agg(format('%I', name), ', ' ORDER BY place) INTO STRICT cols FROM unnest(p_columns) WITH ORDINALITY one(name, place);
  WITH ranges AS (SELECT r ->> 'start' AS lo, r ->> 'end' AS hi, ordinality AS n FROM jsonb_array_elements(run.key_ranges) WITH ORDINALITY AS x(r, ordinality)),
       gaps AS (SELECT lag(hi) OVER (ORDER BY n) AS after_key, lo AS before_key, n FROM ranges
                UNION ALL SELECT hi, NULL, n + 1 FROM ranges WHERE n = (SELECT max(n) FROM ranges))
  SELECT (SELECT string_agg(format('({{key_in_literal}} >= %L::{{key_type}} AND {{key_in_literal}} < %L::{{key_type}})', lo, hi), ' OR ' ORDER BY n) FROM ranges),
         (SELECT string_agg(format('SELECT %s FROM {{base_in_literal}} WHERE %s', cols,
            concat_ws(' AND ', CASE WHEN after_key IS NOT NULL THEN format('{{key_in_literal}} >= %L::{{key_type}}', after_key) END,
                               CASE WHEN before_key IS NOT NULL THEN format('{{key_in_literal}} < %L::{{key_type}}', before_key) END)), ' UNION ALL ' ORDER BY n) FROM gaps)
    INTO inside, outside;
  RETURN jsonb_strip_nulls(jsonb_build_object(
    'plain', format('SELECT %s FROM {{base_in_literal}}', cols),
    'settled', outside || format(' UNION ALL SELECT %s FROM ', cols) || shadow,
    'armed', outside || format(' UNION ALL SELECT %1$s FROM {{base_in_literal}} WHERE (%2$s) AND %3$s IS DISTINCT FROM %4$L UNION ALL SELECT %1$s FROM ', cols, inside, gate, p_backfill_id)
      || shadow || format(' WHERE %s = %L', gate, p_backfill_id)));
END $$;
ALTER FUNCTION governance.{{view_bodies}}(text, text[]) OWNER TO {{view_owner}};

-- Which of the three the view has over the columns that it shows now; null where it is none of them, so that a view that somebody else changed is told from ours.
CREATE OR REPLACE FUNCTION governance.{{view_shape}}(p_backfill_id text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE own text[]; bodies jsonb; made record; shown text := pg_get_viewdef({{view}}::regclass); found text;
BEGIN
  SELECT array_agg(attname ORDER BY attnum) INTO STRICT own FROM pg_attribute WHERE attrelid = {{view}}::regclass AND attnum > 0 AND NOT attisdropped;
  -- Over a column that the base does not have, it is none of ours.
  IF EXISTS (SELECT FROM unnest(own) name WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = {{base_literal}}::regclass AND attname = name AND attnum > 0 AND NOT attisdropped)) THEN RETURN NULL; END IF;
  bodies := governance.{{view_bodies}}(p_backfill_id, own);
  FOR made IN SELECT key AS shape, value AS body FROM jsonb_each_text(bodies) ORDER BY key = 'plain' DESC LOOP
    -- A shadow that lacks one of the columns is none that the view could read.
    CONTINUE WHEN made.shape <> 'plain' AND strpos(shown, 'UNION ALL') = 0;
    BEGIN
      EXECUTE 'CREATE TEMPORARY VIEW backfill_view_shape AS ' || made.body;
      IF pg_get_viewdef('pg_temp.backfill_view_shape'::regclass) = shown THEN found := made.shape; END IF;
      DROP VIEW pg_temp.backfill_view_shape;
    EXCEPTION WHEN undefined_column THEN NULL;
    END;
    EXIT WHEN found IS NOT NULL;
  END LOOP;
  RETURN found;
END $$;
ALTER FUNCTION governance.{{view_shape}}(text) OWNER TO {{view_owner}};

-- plain | armed | settled, over the columns of the plan. The lock timeout is the longest stall that a reader behind a waiting replacement can see.
CREATE OR REPLACE FUNCTION governance.{{shape_view}}(p_backfill_id text, p_shape text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '40ms' SET row_security = on AS $$
DECLARE run governance.backfill_runs; own text[]; planned text[]; body text; options text; active text; shape text; left_out text;
BEGIN
  SELECT * INTO STRICT run FROM governance.backfill_runs WHERE backfill_id = p_backfill_id AND dataset = {{dataset}};
  SELECT backfill_id INTO active FROM governance.active_releases WHERE dataset = {{dataset}};
  IF p_shape NOT IN ('plain', 'armed', 'settled') THEN RAISE EXCEPTION 'unknown shape %', p_shape USING ERRCODE = '22023'; END IF;
  IF p_shape <> 'plain' THEN PERFORM run.shadow_table::regclass; END IF;
  IF ({{base_literal}}::regclass, {{view}}::regclass) IS DISTINCT FROM (SELECT (base_table, published_view) FROM governance.datasets WHERE dataset = {{dataset}}) THEN
    RAISE EXCEPTION 'another table or view than the planned one is called {{dataset_text}} or {{view_text}} by now' USING ERRCODE = '55000';
  END IF;
  IF (p_shape = 'settled' AND active IS DISTINCT FROM p_backfill_id) OR (p_shape = 'plain' AND active IS NOT NULL) OR (p_shape = 'armed' AND active <> p_backfill_id) THEN
    RAISE EXCEPTION 'shape % would change what readers of {{view_text}} see (it shows %)', p_shape, coalesce(active, 'the base table') USING ERRCODE = '55000';
  END IF;
  SELECT array_agg(attname::text ORDER BY attnum) INTO STRICT own FROM pg_attribute WHERE attrelid = {{view}}::regclass AND attnum > 0 AND NOT attisdropped;
  SELECT array_agg(name ORDER BY place) INTO STRICT planned FROM jsonb_array_elements_text(run.plan::jsonb -> 'viewColumns') WITH ORDINALITY one(name, place);
  shape := governance.{{view_shape}}(p_backfill_id);
  IF shape IS NULL THEN
    RAISE EXCEPTION 'somebody changed the definition of {{view_text}}: it is none that this run gives it, and is left as it is' USING ERRCODE = '55000';
  END IF;
  IF own <> planned[:cardinality(own)] OR cardinality(own) > cardinality(planned) THEN
    RAISE EXCEPTION 'the columns of {{view_text}} (%) are not those of the plan (%)', array_to_string(own, ', '), array_to_string(planned, ', ') USING ERRCODE = '55000';
  END IF;
  -- Before the overlay can be seen and before it shows more columns; never on the way to a rollback, which must not wait for anybody's grants.
  IF p_shape <> 'plain' AND (active IS DISTINCT FROM p_backfill_id OR own <> planned) THEN
    left_out := governance.readers_left_out(p_backfill_id);
    IF left_out IS NOT NULL THEN RAISE EXCEPTION '%', left_out USING ERRCODE = '55000', HINT = 'readers left out'; END IF;
  END IF;
  -- PostgreSQL checks permissions on branches that never run: proved on a private view of the same owner and options before readers get it.
  body := governance.{{view_bodies}}(p_backfill_id, planned) ->> p_shape;
  SELECT coalesce(' WITH (' || array_to_string(reloptions, ', ') || ')', '') INTO options FROM pg_class WHERE oid = {{view}}::regclass;
  EXECUTE format('CREATE TEMPORARY VIEW backfill_grant_proof%s AS %s', options, body);
  IF NOT governance.reads_as_reader({{view}}::regclass) OR EXISTS (SELECT FROM governance.readers({{view}}::regclass, {{base_literal}}::regclass) r WHERE r = current_user::regrole::oid) THEN
    EXECUTE 'SELECT FROM pg_temp.backfill_grant_proof LIMIT 0';
  END IF;
  DROP VIEW pg_temp.backfill_grant_proof;
  -- Replacing waits for every reader of the view: a rollback behind a long query must not, where nothing is to be replaced.
  IF shape = p_shape AND own = planned THEN RETURN; END IF;
  EXECUTE format('CREATE OR REPLACE VIEW {{view_in_literal}}%s AS %s', options, body);
  -- A rollback takes no lock that would have kept it from moving the pointer meanwhile.
  IF active IS DISTINCT FROM (SELECT backfill_id FROM governance.active_releases WHERE dataset = {{dataset}}) THEN
    RAISE EXCEPTION 'the pointer of {{view_text}} moved while its shape was changed to %', p_shape USING ERRCODE = '40001';
  END IF;
END $$;
ALTER FUNCTION governance.{{shape_view}}(text, text) OWNER TO {{view_owner}};

REVOKE ALL ON FUNCTION governance.{{fence}}(), governance.{{consolidate}}(text, integer), governance.{{changed}}(text), governance.{{differences}}(text), governance.{{view_bodies}}(text, text[]),
  governance.{{view_shape}}(text), governance.{{shape_view}}(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION governance.{{consolidate}}(text, integer), governance.{{differences}}(text), governance.{{view_shape}}(text), governance.{{shape_view}}(text, text) TO {{worker}};
GRANT EXECUTE ON FUNCTION governance.{{fence}}(), governance.{{changed}}(text), governance.{{differences}}(text) TO {{ledger_owner}};

INSERT INTO governance.datasets (dataset, base_table, published_view, function_prefix, script_sha256)
VALUES ({{dataset}}, {{base_literal}}::regclass, {{view}}::regclass, {{prefix}}, {{script_sha256}})
ON CONFLICT (dataset) DO UPDATE SET base_table = EXCLUDED.base_table, published_view = EXCLUDED.published_view, function_prefix = EXCLUDED.function_prefix,
  script_sha256 = EXCLUDED.script_sha256, installed_at = clock_timestamp(), installed_by = session_user;
INSERT INTO governance.active_releases (dataset) VALUES ({{dataset}}) ON CONFLICT DO NOTHING;
