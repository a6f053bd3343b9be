-- What happened and what was used: events, the outbox, what a run made, read and had under way.

-- Inserted unsealed, so that a rollback never waits for the chain; seal_events() numbers and hashes them afterwards.
CREATE TABLE governance.backfill_events (
  event_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  backfill_id text NOT NULL,
  at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  kind        text NOT NULL,
  actor       text NOT NULL,
  detail      jsonb NOT NULL DEFAULT '{}',
  sequence    bigint UNIQUE,
  hash        text
);
CREATE INDEX backfill_events_by_run ON governance.backfill_events (backfill_id, event_id);
CREATE INDEX backfill_events_unsealed ON governance.backfill_events (event_id) WHERE sequence IS NULL;

CREATE FUNCTION governance.seal_events() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, YMD' AS $$
DECLARE event governance.backfill_events; last_sequence bigint; last_hash text; sealed integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('controlled-backfill:seal', 0));
  SELECT sequence, hash INTO last_sequence, last_hash FROM governance.backfill_events WHERE sequence IS NOT NULL ORDER BY sequence DESC LIMIT 1;
  last_sequence := coalesce(last_sequence, 0);
  last_hash := coalesce(last_hash, '');
  FOR event IN SELECT * FROM governance.backfill_events WHERE sequence IS NULL ORDER BY event_id LOOP
    last_sequence := last_sequence + 1;
    last_hash := encode(sha256(convert_to(concat_ws(E'\n', last_hash, last_sequence, event.event_id, event.backfill_id, event.at, event.kind, event.actor, event.detail), 'UTF8')), 'hex');
    UPDATE governance.backfill_events SET sequence = last_sequence, hash = last_hash WHERE event_id = event.event_id;
    sealed := sealed + 1;
  END LOOP;
  RETURN sealed;
END $$;

CREATE TABLE governance.announcements (
  announcement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  backfill_id     text NOT NULL,
  kind            text NOT NULL,
  dedupe          text NOT NULL,
  body            jsonb NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  delivered_at    timestamptz,
  UNIQUE (backfill_id, kind, dedupe)
);

-- One row a target that is to be told. A delivery holds its row while it is under way, so nobody else makes it too.
CREATE TABLE governance.announcement_deliveries (
  announcement_id bigint NOT NULL REFERENCES governance.announcements,
  -- `env:NAME` of a webhook or `file:path`: never an address.
  target          text NOT NULL,
  state           text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
  attempts        integer NOT NULL DEFAULT 0,
  last_error      text,
  next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  delivered_at    timestamptz,
  PRIMARY KEY (announcement_id, target),
  CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
);
CREATE INDEX announcement_deliveries_open ON governance.announcement_deliveries (next_attempt_at) WHERE state = 'pending';

CREATE TABLE governance.backfill_artifacts (
  artifact_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  backfill_id text NOT NULL REFERENCES governance.backfill_runs,
  kind        text NOT NULL CHECK (kind IN ('shadow', 'snapshot', 'capture')),
  name        text NOT NULL,
  oid         oid,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  dropped_at  timestamptz,
  UNIQUE (backfill_id, kind)
);
COMMENT ON TABLE governance.backfill_artifacts IS 'Recorded before they are created, with their OIDs after; clean-up drops only what stands here.';

-- One row a batch or check: bytes read, so that a day's budget can be held whatever dies in between.
CREATE TABLE governance.backfill_spending (
  backfill_id text NOT NULL,
  at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  what        text NOT NULL,
  bytes       bigint NOT NULL,
  cached_bytes bigint NOT NULL,
  duration_ms integer NOT NULL
);
CREATE INDEX backfill_spending_by_day ON governance.backfill_spending (backfill_id, at);

-- Which backend works for which attempt: a successor ends its predecessor's statement, and nobody else's.
CREATE TABLE governance.backfill_attempts (
  fence            bigint PRIMARY KEY,
  backfill_id      text NOT NULL,
  lane             integer NOT NULL,
  backend_pid      integer NOT NULL,
  backend_start    timestamptz NOT NULL,
  application_name text NOT NULL,
  started_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at         timestamptz
);
CREATE INDEX backfill_attempts_open ON governance.backfill_attempts (backfill_id, lane) WHERE ended_at IS NULL;
CREATE SEQUENCE governance.backfill_fence;
