-- The ledger: what was planned, built, found, decided and published. Run as its owner, a role that nobody logs in as.
-- The invariants that matter stand here as constraints, so that no program, ours included, can go round them.

CREATE TABLE governance.datasets (
  dataset        text PRIMARY KEY,
  base_table     regclass NOT NULL,
  published_view regclass NOT NULL,
  function_prefix text NOT NULL UNIQUE,
  script_sha256  text NOT NULL,
  installed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  installed_by   text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE governance.datasets IS 'Datasets whose elevated functions are installed, with the hash of the reviewed script.';

CREATE TABLE governance.backfill_runs (
  backfill_id      text PRIMARY KEY CHECK (backfill_id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  dataset          text NOT NULL REFERENCES governance.datasets,
  requested_by     text NOT NULL CHECK (btrim(requested_by) <> ''),
  workflow_id      text NOT NULL,
  status           text NOT NULL,
  status_since     timestamptz NOT NULL DEFAULT clock_timestamp(),
  spec_hash        text NOT NULL,
  plan_hash        text NOT NULL,
  -- json, not jsonb: the order of measures and explanations is part of the contract.
  plan             json NOT NULL,
  key_ranges       jsonb NOT NULL,
  shadow_table     text NOT NULL,
  snapshot_table   text NOT NULL,
  code_version     text NOT NULL,
  issue            text NOT NULL,
  approvers        text[] NOT NULL CHECK (cardinality(approvers) > 0),
  sign_off_parties text[] NOT NULL CHECK (cardinality(sign_off_parties) > 0),
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at         timestamptz,
  UNIQUE (backfill_id, requested_by),
  UNIQUE (backfill_id, dataset)
);
CREATE UNIQUE INDEX one_active_run_a_dataset ON governance.backfill_runs (dataset) WHERE ended_at IS NULL;

CREATE TABLE governance.backfill_batches (
  backfill_id   text NOT NULL REFERENCES governance.backfill_runs,
  batch         integer NOT NULL CHECK (batch > 0),
  first_ordinal integer NOT NULL,
  last_ordinal  integer NOT NULL CHECK (last_ordinal >= first_ordinal),
  range_start   text NOT NULL,
  range_end     text NOT NULL,
  state         text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'passed', 'failed', 'waived')),
  fence         bigint NOT NULL DEFAULT 0,
  checks        jsonb,
  figures       jsonb,
  digest        text,
  reconciled_at timestamptz,
  sources_seen_at timestamptz,
  PRIMARY KEY (backfill_id, batch)
) WITH (fillfactor = 70);

CREATE TABLE governance.backfill_partitions (
  backfill_id          text NOT NULL,
  ordinal              integer NOT NULL CHECK (ordinal > 0),
  batch                integer NOT NULL,
  era                  integer NOT NULL,
  partition_start      text NOT NULL,
  partition_end        text NOT NULL,
  state                text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'built')),
  fence                bigint NOT NULL DEFAULT 0,
  rows                 bigint,
  bytes                bigint,
  duration_ms          integer,
  shadow_fingerprint   text,
  snapshot_fingerprint text,
  base_fingerprint     text,
  source_totals        jsonb NOT NULL DEFAULT '{}',
  transform_sha256     text,
  builds               integer NOT NULL DEFAULT 0,
  timeouts             integer NOT NULL DEFAULT 0, -- tries since the last build that ran out of time
  gate_cancels         integer NOT NULL DEFAULT 0, -- since the last build, because the gate closed
  built_at             timestamptz,
  moved_at             timestamptz,
  consolidated_at      timestamptz,
  PRIMARY KEY (backfill_id, ordinal),
  UNIQUE (backfill_id, partition_start),
  FOREIGN KEY (backfill_id, batch) REFERENCES governance.backfill_batches,
  CHECK (state <> 'built' OR (rows IS NOT NULL AND shadow_fingerprint IS NOT NULL AND built_at IS NOT NULL))
) WITH (fillfactor = 70);
COMMENT ON COLUMN governance.backfill_partitions.source_totals IS 'The independent figures as they were at its last check: what the sources held.';
COMMENT ON COLUMN governance.backfill_partitions.base_fingerprint IS 'Every column of the base as a statement before its build saw it: a base that differs from it was written since.';
COMMENT ON COLUMN governance.backfill_partitions.moved_at IS 'When rows of it were first moved into the base. From then on a base row that differs from the snapshot need not be a live write.';
CREATE INDEX backfill_partitions_by_batch ON governance.backfill_partitions (backfill_id, batch);

-- What a run ended as is what its evidence, releases and artifacts refer to: no later hand, ours included, opens it again.
CREATE FUNCTION governance.keep_ended() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'run % ended as % and stays so; another run needs another backfill_id', OLD.backfill_id, OLD.status USING ERRCODE = 'check_violation', CONSTRAINT = 'ended_stays_ended';
END $$;
CREATE TRIGGER keep_ended BEFORE UPDATE ON governance.backfill_runs
  FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL AND (NEW.ended_at, NEW.status, NEW.status_since) IS DISTINCT FROM (OLD.ended_at, OLD.status, OLD.status_since)) EXECUTE FUNCTION governance.keep_ended();

-- Once a statement, not once a row: a checkpoint pays one look-up, a hundred thousand partitions at once no more.
CREATE FUNCTION governance.keep_checkpoints() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE closed text;
BEGIN
  SELECT run.backfill_id INTO closed FROM (SELECT DISTINCT backfill_id FROM changed) touched JOIN governance.backfill_runs run USING (backfill_id)
   WHERE run.ended_at IS NOT NULL OR EXISTS (SELECT FROM governance.data_releases r WHERE r.backfill_id = run.backfill_id AND r.state = 'consolidated') LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '% of run %, which has ended or was consolidated, stay as they are', TG_TABLE_NAME, closed USING ERRCODE = 'check_violation', CONSTRAINT = 'ended_stays_ended';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER keep_added AFTER INSERT ON governance.backfill_partitions REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION governance.keep_checkpoints();
CREATE TRIGGER keep_changed AFTER UPDATE ON governance.backfill_partitions REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION governance.keep_checkpoints();
CREATE TRIGGER keep_added AFTER INSERT ON governance.backfill_batches REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION governance.keep_checkpoints();
CREATE TRIGGER keep_changed AFTER UPDATE ON governance.backfill_batches REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION governance.keep_checkpoints();

-- Append-only on purpose: a unique key would make one writer's mark swallow another's that commits after the drain.
CREATE TABLE governance.dirty_partitions (
  mark        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  backfill_id text NOT NULL,
  key         text,
  xid         xid8 NOT NULL DEFAULT pg_current_xact_id(),
  at          timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
CREATE INDEX dirty_partitions_by_run ON governance.dirty_partitions (backfill_id);
COMMENT ON COLUMN governance.dirty_partitions.key IS 'Partition key of the row that changed; null means every partition (TRUNCATE).';

-- One row a pass that rebuilt what live writes touched; the newest of a run are kept, and tell how fast rebuilds follow.
CREATE TABLE governance.catch_ups (
  catch_up_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  backfill_id  text NOT NULL REFERENCES governance.backfill_runs,
  began_at     timestamptz NOT NULL,
  ended_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  partitions   integer NOT NULL CHECK (partitions >= 0),
  dirty_before integer NOT NULL,
  dirty_after  integer NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
CREATE INDEX catch_ups_by_run ON governance.catch_ups (backfill_id, catch_up_id);

CREATE TABLE governance.live_rows (
  backfill_id text NOT NULL REFERENCES governance.backfill_runs,
  row_key     jsonb NOT NULL,
  PRIMARY KEY (backfill_id, row_key)
);
COMMENT ON TABLE governance.live_rows IS 'Unique keys of rows that the live pipeline wrote in partitions whose rows were moved into the base: there the base no longer tells them from moved ones.';

CREATE TABLE governance.backfill_evidence (
  evidence_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  backfill_id text NOT NULL REFERENCES governance.backfill_runs,
  kind        text NOT NULL CHECK (kind IN ('proof', 'batch', 'run', 'amendment', 'waiver')),
  batch       integer,
  body        jsonb NOT NULL,
  digest      text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX backfill_evidence_by_run ON governance.backfill_evidence (backfill_id, kind, evidence_id);
CREATE UNIQUE INDEX one_run_evidence_a_digest ON governance.backfill_evidence (backfill_id, digest) WHERE kind = 'run';

CREATE TABLE governance.backfill_approvals (
  approval_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  backfill_id     text NOT NULL,
  decision        text NOT NULL CHECK (decision IN ('approve', 'reject', 'waive', 'sign_off')),
  decided_by      text NOT NULL CHECK (btrim(decided_by) <> ''),
  requested_by    text NOT NULL,
  identified      text NOT NULL DEFAULT 'claimed' CHECK (identified IN ('claimed', 'proxy', 'signed')),
  -- Base64 of an ed25519 signature, over the text that docs/approving.md gives; the worker checks it when it comes and again before the switch.
  signature       text,
  evidence_digest text NOT NULL,
  subject         text NOT NULL DEFAULT '',
  comment         text NOT NULL DEFAULT '',
  decided_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  void_since      timestamptz,
  void_because    text,
  FOREIGN KEY (backfill_id, requested_by) REFERENCES governance.backfill_runs (backfill_id, requested_by),
  CONSTRAINT four_eyes CHECK (decision NOT IN ('approve', 'waive') OR lower(btrim(decided_by)) <> lower(btrim(requested_by))),
  CONSTRAINT signed_has_its_signature CHECK ((identified = 'signed') = (signature IS NOT NULL)),
  CONSTRAINT same_decision_once UNIQUE (backfill_id, decision, decided_by, evidence_digest, subject),
  UNIQUE (approval_id, backfill_id, decision, evidence_digest, decided_by, requested_by)
);

CREATE FUNCTION governance.period_approvers(p_backfill_id text) RETURNS TABLE (approver text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT DISTINCT lower(btrim(period ->> 'approver')) FROM governance.backfill_runs, json_array_elements(coalesce(plan -> 'reopened', '[]')) period WHERE backfill_id = p_backfill_id
$$;
COMMENT ON FUNCTION governance.period_approvers IS 'Who has to approve for the closed periods that a run changes, beside an approver of the dataset; in lower case.';

CREATE FUNCTION governance.check_approval() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE run governance.backfill_runs; asked text;
BEGIN
  SELECT * INTO STRICT run FROM governance.backfill_runs WHERE backfill_id = NEW.backfill_id;
  IF NEW.decision IN ('approve', 'reject', 'waive')
     AND NOT EXISTS (SELECT FROM unnest(run.approvers) listed WHERE lower(btrim(listed)) = lower(btrim(NEW.decided_by)))
     AND NOT (NEW.decision <> 'waive' AND EXISTS (SELECT FROM governance.period_approvers(NEW.backfill_id) p WHERE p.approver = lower(btrim(NEW.decided_by)))) THEN
    RAISE EXCEPTION '% is not an approver of %', NEW.decided_by, run.dataset USING ERRCODE = 'check_violation', CONSTRAINT = 'listed_approver';
  END IF;
  asked := coalesce(run.plan #>> '{contract,approval,identification}', 'claimed');
  IF NEW.decision = 'approve' AND array_position(ARRAY['claimed', 'proxy', 'signed'], NEW.identified) < array_position(ARRAY['claimed', 'proxy', 'signed'], asked) THEN
    RAISE EXCEPTION 'an approval of % has to be %, this one is %', run.dataset, asked, NEW.identified USING ERRCODE = 'check_violation', CONSTRAINT = 'identified_enough';
  END IF;
  IF NEW.decision = 'sign_off' AND NOT NEW.decided_by = ANY (run.sign_off_parties) THEN
    RAISE EXCEPTION '% is not a sign-off party of %', NEW.decided_by, run.dataset USING ERRCODE = 'check_violation', CONSTRAINT = 'listed_party';
  END IF;
  IF NEW.decision IN ('approve', 'waive') AND EXISTS (
       SELECT FROM governance.backfill_approvals other
        WHERE other.backfill_id = NEW.backfill_id AND other.void_since IS NULL
          AND other.decision = CASE NEW.decision WHEN 'approve' THEN 'waive' ELSE 'approve' END
          AND lower(btrim(other.decided_by)) = lower(btrim(NEW.decided_by))) THEN
    RAISE EXCEPTION '% cannot both waive a check and approve the evidence', NEW.decided_by USING ERRCODE = 'check_violation', CONSTRAINT = 'waiver_is_not_approver';
  END IF;
  IF NEW.decision = 'approve' AND NEW.evidence_digest IS DISTINCT FROM (
       SELECT digest FROM governance.backfill_evidence
        WHERE backfill_id = NEW.backfill_id AND kind = 'run' ORDER BY evidence_id DESC LIMIT 1) THEN
    RAISE EXCEPTION 'digest % is not that of the newest evidence', NEW.evidence_digest USING ERRCODE = 'check_violation', CONSTRAINT = 'digest_of_newest_evidence';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER check_approval BEFORE INSERT ON governance.backfill_approvals
  FOR EACH ROW EXECUTE FUNCTION governance.check_approval();

CREATE FUNCTION governance.keep_void() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'a void approval stays void; the evidence has to be approved again' USING ERRCODE = 'check_violation', CONSTRAINT = 'void_stays_void';
END $$;
CREATE TRIGGER keep_void BEFORE UPDATE ON governance.backfill_approvals
  FOR EACH ROW WHEN (OLD.void_since IS NOT NULL AND NEW.void_since IS DISTINCT FROM OLD.void_since) EXECUTE FUNCTION governance.keep_void();

CREATE TABLE governance.data_releases (
  release_id        text PRIMARY KEY,
  dataset           text NOT NULL,
  -- A publication refers to its run, its approval and its evidence. An adoption moves readers behind the view and changes no row: it has none of them.
  kind              text NOT NULL DEFAULT 'publication' CHECK (kind IN ('publication', 'adoption')),
  backfill_id       text,
  published_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  source_range      text NOT NULL,
  code_version      text NOT NULL,
  approved_by       text NOT NULL,
  requested_by      text NOT NULL,
  approval_id       bigint,
  decision          text NOT NULL DEFAULT 'approve' CHECK (decision = 'approve'),
  evidence_digest   text NOT NULL,
  plan_hash         text NOT NULL,
  state             text NOT NULL DEFAULT 'published' CHECK (state IN ('published', 'rolled_back', 'consolidated', 'adopted')),
  previous_release  text,
  epoch             bigint NOT NULL,
  fence             bigint NOT NULL,
  fence_ms          numeric,
  amendments        integer NOT NULL DEFAULT 0,
  rollback_deadline timestamptz NOT NULL,
  rolled_back_at    timestamptz,
  rolled_back_by    text,
  consolidated_at   timestamptz,
  adoption          jsonb,
  CONSTRAINT publication_has_its_approval CHECK (kind = 'adoption' OR (backfill_id IS NOT NULL AND approval_id IS NOT NULL)),
  CONSTRAINT adoption_is_no_publication CHECK ((kind = 'adoption') = (adoption IS NOT NULL) AND
    CASE kind WHEN 'adoption' THEN backfill_id IS NULL AND approval_id IS NULL AND state IN ('adopted', 'rolled_back') ELSE state <> 'adopted' END),
  FOREIGN KEY (backfill_id, dataset) REFERENCES governance.backfill_runs (backfill_id, dataset),
  FOREIGN KEY (approval_id, backfill_id, decision, evidence_digest, approved_by, requested_by)
    REFERENCES governance.backfill_approvals (approval_id, backfill_id, decision, evidence_digest, decided_by, requested_by),
  CONSTRAINT approver_is_not_requester CHECK (lower(btrim(approved_by)) <> lower(btrim(requested_by))),
  -- And so each approval once: what was rolled back is published again on new evidence and a new approval.
  CONSTRAINT evidence_is_published_once UNIQUE (backfill_id, evidence_digest)
);
CREATE UNIQUE INDEX one_live_release_a_dataset ON governance.data_releases (dataset) WHERE state = 'published';

CREATE TABLE governance.active_releases (
  dataset     text PRIMARY KEY REFERENCES governance.datasets,
  backfill_id text,
  release_id  text REFERENCES governance.data_releases,
  epoch       bigint NOT NULL DEFAULT 0,
  -- Rows move into the base: a rollback would show a mixture, so its statement looks here, on the row that it changes.
  consolidating boolean NOT NULL DEFAULT false,
  moved_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (NOT consolidating OR backfill_id IS NOT NULL),
  CHECK ((backfill_id IS NULL) = (release_id IS NULL))
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 20, autovacuum_vacuum_scale_factor = 0);
COMMENT ON TABLE governance.active_releases IS 'What each published view shows: read by the view itself, moved by publication and rollback.';

-- Only publish_release() moves a pointer forward. Both triggers have a WHEN that a rollback never meets, so rolling back runs no PL/pgSQL at all.
CREATE FUNCTION governance.only_by_publication() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF current_user <> (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
    RAISE EXCEPTION '% moves forward through governance.publish_release() only', TG_RELID::regclass USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER only_by_publication BEFORE INSERT OR UPDATE ON governance.active_releases
  FOR EACH ROW WHEN (NEW.backfill_id IS NOT NULL) EXECUTE FUNCTION governance.only_by_publication();
CREATE TRIGGER only_by_publication BEFORE INSERT OR UPDATE ON governance.data_releases
  FOR EACH ROW WHEN (NEW.state <> 'rolled_back') EXECUTE FUNCTION governance.only_by_publication();

CREATE TABLE governance.migrations (
  number      integer PRIMARY KEY,
  name        text NOT NULL,
  sha256      text NOT NULL,
  applied_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
