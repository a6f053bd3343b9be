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
