-- What the unpartitioned inputs of a run held: state 1 when it was planned, another each time that they were found changed.
CREATE TABLE governance.reference_inputs (
  backfill_id text NOT NULL REFERENCES governance.backfill_runs,
  state       integer NOT NULL CHECK (state > 0),
  input       text NOT NULL,
  rows        bigint NOT NULL,
  fingerprint text NOT NULL,
  seen_at     timestamptz NOT NULL DEFAULT statement_timestamp(),
  accepted_at timestamptz,
  accepted_by text,
  withdrawn_at timestamptz,
  PRIMARY KEY (backfill_id, state, input),
  CHECK ((accepted_at IS NULL) = (accepted_by IS NULL)),
  CHECK (accepted_at IS NULL OR withdrawn_at IS NULL)
) WITH (fillfactor = 70);
COMMENT ON COLUMN governance.reference_inputs.seen_at IS 'When the inputs were last known to hold this: what was built since may have been built from something else.';
COMMENT ON COLUMN governance.reference_inputs.accepted_at IS 'The newest accepted state is the one that everything is built from; one that is neither accepted nor withdrawn was found and shown, and holds the run.';
COMMENT ON COLUMN governance.reference_inputs.withdrawn_at IS 'The inputs were put back as they were before.';

ALTER TABLE governance.backfill_partitions ADD COLUMN input_state integer;
COMMENT ON COLUMN governance.backfill_partitions.input_state IS 'The state of reference_inputs in force when it was built last; null where the dataset has none.';
