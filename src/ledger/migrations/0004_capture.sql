-- Late-write capture: what stands on which leaf, whether it stood there all the time, and what happens when a mark cannot be written.

-- Leaves of a table: the table itself, or every leaf partition.
CREATE FUNCTION governance.leaves(relation regclass) RETURNS SETOF regclass
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN c.relkind = 'p' THEN t.relid ELSE c.oid::regclass END
    FROM pg_class c LEFT JOIN LATERAL pg_partition_tree(c.oid) t ON c.relkind = 'p' AND t.isleaf
   WHERE c.oid = relation AND (c.relkind <> 'p' OR t.relid IS NOT NULL)
$$;

-- A sequence, because its step outlives the writer's rollback and needs no room on a full disk. It counts for every run: one that
-- missed nothing rebuilds for nothing, and none publishes over a write that it does not know.
CREATE SEQUENCE governance.missed_marks;
COMMENT ON SEQUENCE governance.missed_marks IS 'Steps when a live write went through although its mark could not be written.';

CREATE TABLE governance.captured_leaves (
  backfill_id text NOT NULL REFERENCES governance.backfill_runs,
  leaf        oid NOT NULL,
  in_interval boolean NOT NULL,
  seal        text NOT NULL,
  PRIMARY KEY (backfill_id, leaf)
);
COMMENT ON TABLE governance.captured_leaves IS 'Leaves that carry capture triggers, as they were when the triggers were put on. Gone after a detach.';
COMMENT ON COLUMN governance.captured_leaves.in_interval IS 'Its bounds do not rule out rows of the interval.';

-- Null unless all four triggers are there and fire always. The row version of pg_trigger tells one that was disabled and enabled again.
CREATE FUNCTION governance.capture_seal(p_backfill_id text, leaf regclass) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN count(*) = 4 AND bool_and(t.tgenabled = 'A') THEN
           string_agg(format('%s:%s', t.oid, t.xmin), ' ' ORDER BY t.tgname) || ' missed ' || (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM governance.missed_marks) END
    FROM pg_trigger t WHERE t.tgrelid = leaf AND t.tgname LIKE 'backfill\_capture\_' || substr(md5(p_backfill_id), 1, 12) || '\__'
$$;

CREATE FUNCTION governance.capture_is_whole(p_backfill_id text, relation regclass) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce((SELECT bool_and(coalesce(c.seal = governance.capture_seal(p_backfill_id, place), false))
                     FROM governance.leaves(relation) place LEFT JOIN governance.captured_leaves c ON c.backfill_id = p_backfill_id AND c.leaf = place::oid), false)
     AND NOT EXISTS (SELECT FROM governance.captured_leaves c WHERE c.backfill_id = p_backfill_id AND c.in_interval AND c.leaf NOT IN (SELECT place::oid FROM governance.leaves(relation) place))
$$;
COMMENT ON FUNCTION governance.capture_is_whole IS 'Every leaf carries the triggers that were put on it, untouched since; no leaf that may hold rows of the interval is gone; no mark was missed.';

-- What a live write meets when its mark cannot be written: see mark_dirty of the dataset.
CREATE FUNCTION governance.mark_all_dirty() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
BEGIN
  INSERT INTO governance.dirty_partitions (backfill_id, key) VALUES (TG_ARGV[0], NULL);
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  PERFORM nextval('governance.missed_marks');
  RAISE LOG 'controlled-backfill: a TRUNCATE of % went through without a mark for %: %', TG_RELID::regclass, TG_ARGV[0], SQLERRM;
  RETURN NULL;
END $$;

-- Where the base is compared instead of captured, how far that is; and where capture was not whole for a while, that everything is to be compared.
CREATE TABLE governance.base_comparisons (
  backfill_id    text PRIMARY KEY REFERENCES governance.backfill_runs,
  owed_since     timestamptz,
  next_ordinal   integer NOT NULL DEFAULT 1,
  round_began_at timestamptz,
  looked_at      timestamptz,
  compared_as_of timestamptz
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0);
COMMENT ON COLUMN governance.base_comparisons.owed_since IS 'Live writes may have left no mark before this instant: nothing is published until every partition was compared.';
COMMENT ON COLUMN governance.base_comparisons.compared_as_of IS 'Every partition was compared at this instant or later.';

-- In the caller's transaction, under its fence: why a live write may be unknown; null where none is. With fingerprints the whole interval of the base is read.
CREATE FUNCTION governance.unknown_writes(p_backfill_id text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE run governance.backfill_runs; ds governance.datasets; changed text;
BEGIN
  SELECT * INTO STRICT run FROM governance.backfill_runs WHERE backfill_id = p_backfill_id;
  SELECT * INTO STRICT ds FROM governance.datasets WHERE dataset = run.dataset;
  IF run.plan -> 'contract' -> 'livePipeline' ->> 'capture' = 'fingerprints' THEN
    EXECUTE format('SELECT governance.%I($1)', ds.function_prefix || '_changed') INTO changed USING p_backfill_id;
    RETURN CASE WHEN changed IS NOT NULL THEN format('partition %s of %s was written since it was built', changed, ds.base_table) END;
  END IF;
  IF NOT governance.capture_is_whole(p_backfill_id, ds.base_table) THEN
    RETURN format('late-write capture on %s is not whole: a trigger is missing, disabled or was, a leaf came or went, or a mark could not be written', ds.base_table);
  END IF;
  RETURN (SELECT format('late-write capture on %s was not whole before %s, and the base is not compared yet', ds.base_table, owed_since) FROM governance.base_comparisons WHERE backfill_id = p_backfill_id AND owed_since IS NOT NULL);
END $$;
