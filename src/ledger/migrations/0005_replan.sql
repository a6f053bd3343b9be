-- A plan is frozen; a column that the base gets while a run is under way is carried into it by a reviewed replan, and by nothing else.

CREATE TABLE governance.superseded_plans (
  backfill_id   text NOT NULL REFERENCES governance.backfill_runs,
  plan_hash     text NOT NULL,
  plan          json NOT NULL,
  replaced_with text NOT NULL,
  replaced_by   text NOT NULL CHECK (btrim(replaced_by) <> ''),
  replaced_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (backfill_id, plan_hash)
);
COMMENT ON TABLE governance.superseded_plans IS 'Plans that a replan replaced, as they were: append-only. The one in force is plan of backfill_runs.';

-- Every element of the shorter array stands at its place in the longer one.
CREATE FUNCTION governance.begins_with(longer jsonb, shorter jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT NOT EXISTS (SELECT FROM jsonb_array_elements(shorter) WITH ORDINALITY one(value, place) WHERE one.value IS DISTINCT FROM longer -> (place::integer - 1))
$$;

-- The worker may change a plan in this way only: columns at the end, and the transform that yields them. Everything that decides what is
-- corrected, compared and allowed stays as it was approved. False where it is done already, so a lost reply is harmless.
CREATE FUNCTION governance.replan(p_backfill_id text, p_replaces text, p_plan_hash text, p_plan json, p_by text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  run governance.backfill_runs; active governance.active_releases; base regclass; was jsonb; becomes jsonb := p_plan::jsonb;
  may_change text[] := '{columns,addedColumns,viewColumns,baseFingerprint,eras,trusted,contract,contractSha256,codeVersion,contractsDirty}';
BEGIN
  SELECT * INTO STRICT run FROM governance.backfill_runs WHERE backfill_id = p_backfill_id FOR UPDATE;
  IF run.plan_hash = p_plan_hash THEN RETURN false; END IF;
  IF run.plan_hash <> p_replaces THEN
    RAISE EXCEPTION 'the plan of % is % by now, not %: review the difference again', p_backfill_id, left(run.plan_hash, 12), left(p_replaces, 12) USING ERRCODE = '40001';
  END IF;
  SELECT * INTO STRICT active FROM governance.active_releases WHERE dataset = run.dataset FOR UPDATE;
  IF run.ended_at IS NOT NULL OR active.backfill_id = p_backfill_id AND active.consolidating
     OR EXISTS (SELECT FROM governance.data_releases WHERE backfill_id = p_backfill_id AND state = 'consolidated') THEN
    RAISE EXCEPTION 'run % has ended or its rows are moving into the base table: its plan stays as it is', p_backfill_id USING ERRCODE = '55000';
  END IF;
  was := run.plan::jsonb;
  IF was - may_change <> becomes - may_change OR (was -> 'contract') - 'transform' <> (becomes -> 'contract') - 'transform'
     OR NOT governance.begins_with(becomes -> 'columns', was -> 'columns') OR NOT governance.begins_with(becomes -> 'viewColumns', was -> 'viewColumns') THEN
    RAISE EXCEPTION 'a replan of % adds columns and nothing else: another plan needs another backfill', p_backfill_id USING ERRCODE = '55000';
  END IF;
  SELECT base_table INTO STRICT base FROM governance.datasets WHERE dataset = run.dataset;
  IF governance.relation_fingerprint(base) IS DISTINCT FROM becomes ->> 'baseFingerprint' THEN
    RAISE EXCEPTION 'the columns of % are not those of the new plan', base USING ERRCODE = '55000';
  END IF;
  IF active.backfill_id = p_backfill_id THEN
    -- Readers see it at once, and no new evidence is approved: the logic stays, and somebody who may approve says so.
    IF was -> 'eras' <> becomes -> 'eras' THEN
      RAISE EXCEPTION 'release % was approved on the logic without these columns: another logic needs another approval', active.release_id USING ERRCODE = '55000';
    END IF;
    IF lower(btrim(p_by)) = lower(btrim(run.requested_by)) OR NOT EXISTS (SELECT FROM unnest(run.approvers) listed WHERE lower(btrim(listed)) = lower(btrim(p_by))) THEN
      RAISE EXCEPTION '% may not replan what readers see: it takes an approver of % who did not request it', p_by, run.dataset USING ERRCODE = '42501';
    END IF;
  ELSE
    UPDATE governance.backfill_approvals SET void_since = clock_timestamp(), void_because = 'the plan was replaced'
     WHERE backfill_id = p_backfill_id AND decision = 'approve' AND void_since IS NULL;
  END IF;
  INSERT INTO governance.superseded_plans (backfill_id, plan_hash, plan, replaced_with, replaced_by) VALUES (p_backfill_id, run.plan_hash, run.plan, p_plan_hash, p_by);
  UPDATE governance.backfill_runs SET plan = p_plan, plan_hash = p_plan_hash, code_version = becomes ->> 'codeVersion' WHERE backfill_id = p_backfill_id;
  -- Whoever works by the old plan has lost its claim: marks that are open are answered by the new one.
  UPDATE governance.backfill_batches SET fence = (SELECT nextval('governance.backfill_fence')) WHERE backfill_id = p_backfill_id;
  INSERT INTO governance.backfill_events (backfill_id, kind, actor, detail)
  VALUES (p_backfill_id, 'replanned', p_by, jsonb_build_object('planHash', p_plan_hash, 'replaces', run.plan_hash, 'addedColumns', becomes -> 'addedColumns'));
  RETURN true;
END $$;
