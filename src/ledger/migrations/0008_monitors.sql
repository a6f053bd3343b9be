-- What readers of a release are shown in total, and what its consumers were measured to see of it.

CREATE TABLE governance.published_totals (
  release_id       text NOT NULL REFERENCES governance.data_releases,
  backfill_id      text NOT NULL REFERENCES governance.backfill_runs,
  version          integer NOT NULL CHECK (version > 0),
  totals           jsonb NOT NULL,
  because          text NOT NULL,
  -- The newest amendment that is in it.
  through_evidence bigint NOT NULL,
  recorded_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (release_id, version)
);
COMMENT ON TABLE governance.published_totals IS 'Each measure over the interval as readers of a release see it. A version is recorded in the transaction that changes what they see: whoever reads both in one snapshot compares like with like.';
COMMENT ON COLUMN governance.published_totals.totals IS 'By measure, as text; null where it is not the sum of its partitions and was not counted anew.';

-- Version 1 in the publishing transaction, whoever publishes. It reads ledger rows alone: writers stand behind the fence.
CREATE FUNCTION governance.record_published_totals() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE additive jsonb; shown jsonb;
BEGIN
  SELECT coalesce(plan::jsonb -> 'additiveMeasures', '[]') INTO additive FROM governance.backfill_runs WHERE backfill_id = NEW.backfill_id;
  SELECT coalesce(body -> 'totals', '{}') INTO shown FROM governance.backfill_evidence
   WHERE backfill_id = NEW.backfill_id AND kind = 'run' AND digest = NEW.evidence_digest ORDER BY evidence_id DESC LIMIT 1;
  INSERT INTO governance.published_totals (release_id, backfill_id, version, totals, because, through_evidence)
  SELECT NEW.release_id, NEW.backfill_id, 1,
         (SELECT coalesce(jsonb_object_agg(t.key, CASE WHEN NEW.amendments = 0 THEN t.value WHEN additive ? t.key THEN (t.value::numeric + moved.amount)::text END), '{}')
            FROM jsonb_each_text(shown) t, LATERAL (SELECT coalesce(sum((a -> 'moved' ->> t.key)::numeric), 0) AS amount FROM jsonb_array_elements(NEW.amendment_list) a) moved),
         'publication', (SELECT coalesce(max(evidence_id), 0) FROM governance.backfill_evidence WHERE backfill_id = NEW.backfill_id);
  RETURN NULL;
END $$;
CREATE TRIGGER record_published_totals AFTER INSERT ON governance.data_releases
  FOR EACH ROW WHEN (NEW.kind = 'publication') EXECUTE FUNCTION governance.record_published_totals();

-- Measured before readers are switched, for the evidence that is about to be published.
CREATE TABLE governance.monitor_baselines (
  backfill_id     text NOT NULL REFERENCES governance.backfill_runs,
  evidence_digest text NOT NULL,
  monitor         text NOT NULL,
  reading         jsonb NOT NULL,
  measured_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (backfill_id, evidence_digest, monitor)
);

CREATE TABLE governance.monitor_results (
  result_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  backfill_id text NOT NULL REFERENCES governance.backfill_runs,
  release_id  text NOT NULL REFERENCES governance.data_releases,
  monitor     text NOT NULL,
  at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  outcome     text NOT NULL CHECK (outcome IN ('pass', 'fail', 'pending', 'inconclusive')),
  verdict     text NOT NULL CHECK (verdict IN ('pending', 'good', 'suspect', 'breached', 'inconclusive')),
  failed      integer NOT NULL CHECK (failed >= 0),
  figure      text NOT NULL,
  limit_text  text NOT NULL,
  excess      double precision,
  -- The verdict is another than before: kept for good. Of the rest the newest are.
  turned      boolean NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
CREATE INDEX monitor_results_by_monitor ON governance.monitor_results (release_id, monitor, result_id);
COMMENT ON TABLE governance.monitor_results IS 'What each look at a consumer found: every change of verdict, and the newest looks.';

-- Datasets made of this one: which of their partitions have other inputs since a release, or since it was undone.
CREATE TABLE governance.downstream_notices (
  backfill_id text NOT NULL REFERENCES governance.backfill_runs,
  release_id  text NOT NULL REFERENCES governance.data_releases,
  event       text NOT NULL CHECK (event IN ('published', 'rolled_back')),
  dataset     text NOT NULL,
  owner       text NOT NULL,
  refresh     text,
  mapping     text NOT NULL CHECK (mapping IN ('same', 'month', 'none')),
  -- Half-open ranges [{start, end}]; null: the dataset as a whole.
  ranges      jsonb,
  noticed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (release_id, event, dataset)
);
