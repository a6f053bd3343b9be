-- What was found is never written anew: another finding is another row, and the digest that people approve stays what it was.
CREATE FUNCTION governance.keep_evidence() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'evidence is kept as it was found: % of governance.backfill_evidence is refused', TG_OP USING ERRCODE = 'check_violation', CONSTRAINT = 'evidence_is_kept';
END $$;
CREATE TRIGGER keep_evidence BEFORE UPDATE OR DELETE ON governance.backfill_evidence FOR EACH ROW EXECUTE FUNCTION governance.keep_evidence();
CREATE TRIGGER keep_all_evidence BEFORE TRUNCATE ON governance.backfill_evidence FOR EACH STATEMENT EXECUTE FUNCTION governance.keep_evidence();
-- Whoever replays or restores with triggers for replicas alone is refused too.
ALTER TABLE governance.backfill_evidence ENABLE ALWAYS TRIGGER keep_evidence;
ALTER TABLE governance.backfill_evidence ENABLE ALWAYS TRIGGER keep_all_evidence;

-- The counters beside these begin anew with each build; these tell afterwards which partitions needed attention.
ALTER TABLE governance.backfill_partitions ADD COLUMN timeouts_in_all integer NOT NULL DEFAULT 0, ADD COLUMN gate_cancels_in_all integer NOT NULL DEFAULT 0;
