-- What an approval covers beside its evidence, from the frozen plan and the evidence rows alone: no caller can widen it.

-- Each amendment as amendments_since_evidence() told it in the publishing transaction; the digest is over the list's own text.
ALTER TABLE governance.data_releases
  ADD COLUMN amendment_list jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN amendment_digest text NOT NULL DEFAULT encode(sha256('[]'), 'hex'),
  ADD CONSTRAINT every_amendment_is_listed CHECK (amendments = jsonb_array_length(amendment_list)),
  ADD CONSTRAINT digest_of_amendments CHECK (amendment_digest = encode(sha256(convert_to(amendment_list::text, 'UTF8')), 'hex'));

CREATE FUNCTION governance.amendments_since_evidence(p_backfill_id text)
RETURNS TABLE (partition text, rebuilds integer, before jsonb, after jsonb, moved jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT amended.partition, amended.rebuilds, amended.before, amended.after,
         (SELECT jsonb_object_agg(measure, coalesce(((amended.after ->> measure)::numeric - (amended.before ->> measure)::numeric)::text, 'NaN'))
            FROM governance.backfill_runs run, json_object_keys(run.plan -> 'contract' -> 'measures') measure WHERE run.backfill_id = p_backfill_id)
    FROM (SELECT body ->> 'partition' AS partition, count(*)::integer AS rebuilds,
                 (array_agg(body -> 'before' ORDER BY evidence_id))[1] AS before, (array_agg(body -> 'after' ORDER BY evidence_id DESC))[1] AS after
            FROM governance.backfill_evidence
           WHERE backfill_id = p_backfill_id AND kind = 'amendment'
             AND evidence_id > (SELECT coalesce(max(evidence_id), 0) FROM governance.backfill_evidence WHERE backfill_id = p_backfill_id AND kind = 'run')
           GROUP BY 1) amended
$$;
COMMENT ON FUNCTION governance.amendments_since_evidence IS 'Partitions rebuilt because of live writes since the newest evidence: as the evidence saw each, as it is now, and by how much each measure of the plan moved; NaN where that cannot be told.';

CREATE FUNCTION governance.beyond_envelope(p_backfill_id text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  run governance.backfill_runs; evidence governance.backfill_evidence; drift json; restated bigint; allowed numeric;
  measure text; total numeric; moved numeric; percent numeric;
BEGIN
  SELECT * INTO STRICT run FROM governance.backfill_runs WHERE backfill_id = p_backfill_id;
  SELECT * INTO evidence FROM governance.backfill_evidence WHERE backfill_id = p_backfill_id AND kind = 'run' ORDER BY evidence_id DESC LIMIT 1;
  IF evidence.body ->> 'planHash' IS DISTINCT FROM run.plan_hash THEN
    RETURN 'the newest evidence is not of the plan ' || run.plan_hash;
  END IF;
  SELECT count(*) INTO restated FROM governance.backfill_partitions p
   WHERE p.backfill_id = p_backfill_id AND p.built_at > evidence.created_at
     AND NOT EXISTS (SELECT FROM governance.backfill_evidence a WHERE a.backfill_id = p_backfill_id AND a.kind = 'amendment'
                        AND a.evidence_id > evidence.evidence_id AND a.body ->> 'partition' = p.partition_start);
  IF restated > 0 THEN
    RETURN format('partitions rebuilt since the evidence without an amendment: %s', restated);
  END IF;

  drift := run.plan -> 'spec' -> 'publication' -> 'lateDrift';
  allowed := greatest(1, floor((run.plan ->> 'partitions')::numeric * (drift ->> 'partitionsPercent')::numeric / 100));
  SELECT count(*) INTO restated FROM governance.amendments_since_evidence(p_backfill_id);
  IF restated > coalesce(allowed, 0) THEN
    RETURN format('live writes restated %s partitions since the evidence; the approval covers %s', restated, allowed);
  END IF;
  FOR measure IN SELECT json_object_keys(run.plan -> 'contract' -> 'measures') LOOP
    SELECT coalesce(sum(abs((a.moved ->> measure)::numeric)), 0) INTO moved FROM governance.amendments_since_evidence(p_backfill_id) a;
    CONTINUE WHEN moved = 0;
    total := abs((evidence.body -> 'totals' ->> measure)::numeric);
    -- NaN is greater than every number here, so it is inside of nothing; neither is a share of nothing, nor of infinity.
    percent := CASE WHEN total > 0 AND total < 'Infinity' THEN moved / total * 100 END;
    IF percent IS NULL OR percent = 'NaN' THEN
      RETURN format('live writes moved %s by %s since the evidence, of a total of %s; the approval covers %s%%', measure, moved, coalesce(total::text, 'nothing known'), drift ->> 'measurePercent');
    END IF;
    IF NOT coalesce(percent <= (drift ->> 'measurePercent')::numeric, false) THEN
      RETURN format('live writes moved %s by %s%% since the evidence; the approval covers %s%%', measure, round(percent, 3), drift ->> 'measurePercent');
    END IF;
  END LOOP;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION governance.beyond_envelope IS 'Why the newest evidence no longer covers what live writes restated since; null while it does.';

-- In double precision, as the run was judged: the same figures must not pass there and fail here.
CREATE FUNCTION governance.run_delta_outside(p_backfill_id text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH sums AS (
    SELECT m.key AS measure, sum((m.value ->> 'old')::numeric)::float8 AS old, sum((m.value ->> 'new')::numeric)::float8 AS new
      FROM governance.backfill_batches, jsonb_each(figures -> 'measures') m WHERE backfill_id = p_backfill_id GROUP BY 1
  ), keys AS (
    SELECT sum((figures ->> 'rowsSame')::bigint + (figures ->> 'rowsChanged')::bigint + (figures ->> 'rowsAdded')::bigint + (figures ->> 'rowsRemoved')::bigint) AS compared,
           sum((figures ->> 'rowsLive')::bigint) AS live
      FROM governance.backfill_batches WHERE backfill_id = p_backfill_id
  ), expected AS (
    SELECT e.key AS measure, (e.value -> 'run' ->> 'low')::float8 AS low, (e.value -> 'run' ->> 'high')::float8 AS high
      FROM governance.backfill_runs, json_each(plan -> 'spec' -> 'validation' -> 'deltaExpected') e
     WHERE backfill_id = p_backfill_id AND e.value -> 'run' IS NOT NULL
  ), changes AS (
    SELECT expected.*, compared, live,
           CASE WHEN old = new AND old <> 'NaN' THEN 0 WHEN old <> 0 THEN (new - old) / abs(old) * 100 END AS percent
      FROM keys, expected LEFT JOIN sums USING (measure)
  ), waived AS (
    SELECT body ->> 'check' AS name, body ->> 'figure' AS figure,
           substring(body ->> 'figure' from '^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?')::float8 AS percent
      FROM governance.backfill_evidence WHERE backfill_id = p_backfill_id AND kind = 'waiver' AND batch IS NULL
  )
  SELECT format('the run fails delta:%s: %s%% (allowed: %s%% to %s%%)', measure, round(changes.percent::numeric, 3), low, high)
    FROM changes
   WHERE NOT coalesce(CASE WHEN compared = 0 THEN live = 0 ELSE changes.percent BETWEEN low AND high END, false)
     -- As a waiver reads: the finding that was shown, or one no further beyond the same end. Figures are shown with three decimals, hence half of the last; words are compared as words.
     AND NOT EXISTS (SELECT FROM waived w WHERE w.name = 'delta:' || measure AND CASE
           WHEN compared = 0 THEN w.figure LIKE 'every row is a live write%'
           WHEN changes.percent IS NULL THEN w.figure = 'from nothing'
           WHEN w.percent IS NULL THEN w.figure = CASE changes.percent WHEN 'NaN' THEN 'NaN%' WHEN 'Infinity' THEN '+Infinity%' WHEN '-Infinity' THEN '-Infinity%' END
           WHEN changes.percent = 'NaN' THEN false
           WHEN changes.percent < low THEN w.percent <= changes.percent + 0.000501
           ELSE w.percent >= changes.percent - 0.000501 END)
   ORDER BY measure LIMIT 1
$$;
COMMENT ON FUNCTION governance.run_delta_outside IS 'The first expected change that the batches as they are now no longer show over the whole run; null while every one holds or is waived with this figure or a worse one.';
