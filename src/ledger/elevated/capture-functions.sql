-- Late-write capture by triggers for dataset {{dataset_text}}; left out where the contract says live_pipeline.capture: fingerprints.

GRANT SELECT, INSERT, UPDATE, DELETE ON governance.captured_leaves TO {{table_owner}};
GRANT INSERT ON governance.dirty_partitions TO {{table_owner}};
GRANT SELECT, INSERT, UPDATE ON governance.base_comparisons TO {{table_owner}};
GRANT EXECUTE ON FUNCTION governance.leaves(regclass), governance.capture_seal(text, regclass), governance.mark_all_dirty() TO {{table_owner}};

-- A write whose mark cannot be written goes through, and is counted where a rollback and a full disk do not reach: from then on capture is not whole.
-- Only the first mark of a transaction is guarded: a guard is a subtransaction, and more than 64 of them in one transaction slow every reader down.
CREATE OR REPLACE FUNCTION governance.{{mark_dirty}}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET lock_timeout = '2s' AS $$
DECLARE
  writer text := pg_current_xact_id()::text; told text := current_setting('controlled_backfill.marked_in', true);
  was text := CASE WHEN TG_OP <> 'INSERT' THEN OLD.{{key}}::text END; becomes text := CASE WHEN TG_OP <> 'DELETE' THEN NEW.{{key}}::text END;
BEGIN
  IF told = writer THEN
    INSERT INTO governance.dirty_partitions (backfill_id, key) VALUES (TG_ARGV[0], coalesce(was, becomes));
  ELSIF told = 'missed ' || writer THEN
    -- Any session may say so of itself: whoever does is counted as one whose marks are missed.
    PERFORM nextval('governance.missed_marks');
    RETURN NULL;
  ELSE
    BEGIN
      INSERT INTO governance.dirty_partitions (backfill_id, key) VALUES (TG_ARGV[0], coalesce(was, becomes));
      PERFORM set_config('controlled_backfill.marked_in', writer, true);
    EXCEPTION WHEN OTHERS THEN
      PERFORM nextval('governance.missed_marks');
      PERFORM set_config('controlled_backfill.marked_in', 'missed ' || writer, true);
      RAISE LOG 'controlled-backfill: a write to % went through without a mark for %: %', TG_RELID::regclass, TG_ARGV[0], SQLERRM;
      RETURN NULL;
    END;
  END IF;
  IF becomes <> was THEN
    INSERT INTO governance.dirty_partitions (backfill_id, key) VALUES (TG_ARGV[0], becomes);
  END IF;
  RETURN NULL;
END $$;
ALTER FUNCTION governance.{{mark_dirty}}() OWNER TO {{ledger_owner}};
GRANT EXECUTE ON FUNCTION governance.{{mark_dirty}}() TO {{table_owner}};

-- Puts capture on every leaf that lacks it, and owes a comparison of the whole base where a leaf that may hold rows of the interval lacked it for a while.
-- SHARE ROW EXCLUSIVE waits for writers in flight, never for readers; 1.5 s because a running autovacuum yields only after deadlock_timeout (1 s).
CREATE OR REPLACE FUNCTION governance.{{attach_capture}}(p_backfill_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1500ms' SET constraint_exclusion = on AS $$
DECLARE
  place regclass; prefix text := 'backfill_capture_' || substr(md5(p_backfill_id), 1, 12) || '_';
  inside_new text; inside_old text; inside text; mark text := '{{mark_dirty_text}}'; known governance.captured_leaves; explained json; may_hold boolean; lost boolean;
BEGIN
  SELECT string_agg(format('(NEW.{{key_in_literal}} >= %1$L::{{key_type}} AND NEW.{{key_in_literal}} < %2$L::{{key_type}})', r ->> 'start', r ->> 'end'), ' OR '),
         string_agg(format('(OLD.{{key_in_literal}} >= %1$L::{{key_type}} AND OLD.{{key_in_literal}} < %2$L::{{key_type}})', r ->> 'start', r ->> 'end'), ' OR '),
         string_agg(format('({{key_in_literal}} >= %1$L::{{key_type}} AND {{key_in_literal}} < %2$L::{{key_type}})', r ->> 'start', r ->> 'end'), ' OR ')
    INTO STRICT inside_new, inside_old, inside
    FROM governance.backfill_runs, jsonb_array_elements(key_ranges) r WHERE backfill_id = p_backfill_id AND dataset = {{dataset}} AND ended_at IS NULL;
  IF inside_new IS NULL THEN RAISE EXCEPTION '% is no active run of {{dataset_text}}', p_backfill_id USING ERRCODE = '55000'; END IF;
  WITH gone AS (DELETE FROM governance.captured_leaves c WHERE c.backfill_id = p_backfill_id AND c.leaf NOT IN (SELECT l::oid FROM governance.leaves({{base_literal}}::regclass) l) RETURNING c.in_interval)
  SELECT coalesce(bool_or(in_interval), false) INTO lost FROM gone;
  FOR place IN SELECT governance.leaves({{base_literal}}::regclass) LOOP
    SELECT * INTO known FROM governance.captured_leaves c WHERE c.backfill_id = p_backfill_id AND c.leaf = place::oid;
    CONTINUE WHEN known.seal = governance.capture_seal(p_backfill_id, place);
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = place AND tgname = prefix || 'i') THEN
      EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %s FOR EACH ROW WHEN (%s) EXECUTE FUNCTION governance.%I(%L)', prefix || 'i', place, inside_new, mark, p_backfill_id);
    END IF;
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = place AND tgname = prefix || 'd') THEN
      EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %s FOR EACH ROW WHEN (%s) EXECUTE FUNCTION governance.%I(%L)', prefix || 'd', place, inside_old, mark, p_backfill_id);
    END IF;
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = place AND tgname = prefix || 'u') THEN
      EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %s FOR EACH ROW WHEN (%s OR %s) EXECUTE FUNCTION governance.%I(%L)', prefix || 'u', place, inside_old, inside_new, mark, p_backfill_id);
    END IF;
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = place AND tgname = prefix || 't') THEN
      EXECUTE format('CREATE TRIGGER %I AFTER TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION governance.mark_all_dirty(%L)', prefix || 't', place, p_backfill_id);
    END IF;
    -- Also where nothing is to be enabled: its lock waits for the writers that wrote without a mark.
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I, ENABLE ALWAYS TRIGGER %I, ENABLE ALWAYS TRIGGER %I, ENABLE ALWAYS TRIGGER %I', place, prefix || 'i', prefix || 'd', prefix || 'u', prefix || 't');
    -- The planner knows whether the bounds of a leaf rule the interval out.
    EXECUTE format('EXPLAIN (FORMAT JSON) SELECT FROM %s WHERE %s', place, inside) INTO explained;
    may_hold := explained::text !~ '"One-Time Filter": "false"';
    lost := lost OR may_hold OR coalesce(known.in_interval, false);
    INSERT INTO governance.captured_leaves (backfill_id, leaf, in_interval, seal) VALUES (p_backfill_id, place, may_hold, governance.capture_seal(p_backfill_id, place))
    ON CONFLICT (backfill_id, leaf) DO UPDATE SET in_interval = EXCLUDED.in_interval, seal = EXCLUDED.seal;
  END LOOP;
  -- What is not built yet will be, from sources that hold these writes; what is built is compared from here on, with every later write marked.
  IF lost AND EXISTS (SELECT FROM governance.backfill_partitions WHERE backfill_id = p_backfill_id AND state = 'built') THEN
    INSERT INTO governance.base_comparisons (backfill_id, owed_since) VALUES (p_backfill_id, clock_timestamp())
    ON CONFLICT (backfill_id) DO UPDATE SET owed_since = EXCLUDED.owed_since;
  END IF;
END $$;
ALTER FUNCTION governance.{{attach_capture}}(text) OWNER TO {{table_owner}};

CREATE OR REPLACE FUNCTION governance.{{detach_capture}}(p_backfill_id text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1500ms' AS $$
-- By the name alone, which carries the run: a leaf that was detached meanwhile is found too.
DECLARE found record; dropped integer := 0;
BEGIN
  FOR found IN SELECT t.tgname, t.tgrelid::regclass AS leaf FROM pg_trigger t
    WHERE t.tgname LIKE 'backfill\_capture\_' || substr(md5(p_backfill_id), 1, 12) || '\__' LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', found.tgname, found.leaf);
    dropped := dropped + 1;
  END LOOP;
  DELETE FROM governance.captured_leaves WHERE backfill_id = p_backfill_id;
  RETURN dropped;
END $$;
ALTER FUNCTION governance.{{detach_capture}}(text) OWNER TO {{table_owner}};

-- Canary: one row of the interval is written as it is, the marks are counted, everything is undone. True = a mark was seen, null = no row to try.
CREATE OR REPLACE FUNCTION governance.{{prove_capture}}(p_backfill_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1500ms' SET row_security = off AS $$
DECLARE ranges jsonb; before bigint; after bigint; touched integer := 0; seen boolean;
BEGIN
  SELECT key_ranges INTO STRICT ranges FROM governance.backfill_runs WHERE backfill_id = p_backfill_id AND dataset = {{dataset}};
  BEGIN
    SELECT count(*) INTO before FROM governance.dirty_partitions WHERE backfill_id = p_backfill_id;
    WITH canary AS (
      SELECT one.leaf, one.place FROM jsonb_array_elements(ranges) r CROSS JOIN LATERAL (
        SELECT t.tableoid AS leaf, t.ctid AS place FROM {{base}} t WHERE t.{{key}} >= (r ->> 'start')::{{key_type}} AND t.{{key}} < (r ->> 'end')::{{key_type}} LIMIT 1) one LIMIT 1)
    UPDATE {{base}} b SET {{key}} = b.{{key}} FROM canary WHERE b.tableoid = canary.leaf AND b.ctid = canary.place;
    GET DIAGNOSTICS touched = ROW_COUNT;
    SELECT count(*) INTO after FROM governance.dirty_partitions WHERE backfill_id = p_backfill_id;
    seen := CASE WHEN touched = 0 THEN NULL ELSE after > before END;
    RAISE EXCEPTION 'undo' USING ERRCODE = 'BF001';
  EXCEPTION WHEN SQLSTATE 'BF001' THEN NULL;
  END;
  RETURN seen;
END $$;
ALTER FUNCTION governance.{{prove_capture}}(text) OWNER TO {{table_owner}};

REVOKE ALL ON FUNCTION governance.{{mark_dirty}}(), governance.{{attach_capture}}(text), governance.{{detach_capture}}(text), governance.{{prove_capture}}(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION governance.{{attach_capture}}(text), governance.{{detach_capture}}(text), governance.{{prove_capture}}(text) TO {{worker}};
