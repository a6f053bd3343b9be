-- Guards and the switch. The per-dataset functions (capture, fence, arming, consolidation) come with the dataset's own script.

CREATE FUNCTION governance.relation_fingerprint(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT md5(coalesce(string_agg(format('%s %s %s %s', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated), ',' ORDER BY a.attnum), ''))
    FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
$$;
COMMENT ON FUNCTION governance.relation_fingerprint IS 'Names, types, nullability and generation of the columns, in order.';

CREATE FUNCTION governance.view_fingerprint(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT md5(concat_ws('|', pg_get_viewdef(c.oid), array_to_string(c.reloptions, ','), c.relowner::regrole, array_to_string(c.relacl, ','), obj_description(c.oid, 'pg_class')))
    FROM pg_class c WHERE c.oid = relation
$$;
COMMENT ON FUNCTION governance.view_fingerprint IS 'Definition, options, owner, grants and comment of a view.';

-- Partitions too: whoever writes straight into one has no lock on the table itself. By pg_inherits, because pg_partition_tree() would wait for locks. The same OIDs mean other tables in a database that is a copy of this one.
CREATE FUNCTION governance.before_fence(p_base regclass) RETURNS TABLE (pid integer, autovacuum boolean, relation regclass, mode text, granted boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE locked(oid) AS (SELECT p_base::oid UNION SELECT i.inhrelid FROM locked JOIN pg_inherits i ON i.inhparent = locked.oid)
  SELECT l.pid, coalesce(a.pid IS NOT NULL AND a.usesysid IS NULL, false), l.relation::regclass, l.mode, l.granted
    FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
   WHERE l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
     AND l.relation IN (SELECT oid FROM locked)
     AND l.mode NOT IN ('AccessShareLock', 'RowShareLock') AND l.pid IS DISTINCT FROM pg_backend_pid()
$$;
COMMENT ON FUNCTION governance.before_fence IS 'Locks on a table or its partitions that SHARE ROW EXCLUSIVE has to wait for. pid is null for a prepared transaction; a process without a user is an autovacuum worker, of which the kind is hidden from most roles.';

-- One call, one transaction: fence, guards, pointer, release, event. Idempotent, so a lost reply is harmless.
-- 55006 = not caught up or capture to be mended first, 40001 = the pointer moved, 55000 = a guard refuses; nothing was changed in any of them.
CREATE FUNCTION governance.publish_release(
  p_backfill_id text, p_fence bigint, p_expected_release text, p_window interval, p_armed_view text, p_base_columns text
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  run governance.backfill_runs; ds governance.datasets; active governance.active_releases; known governance.data_releases;
  approval governance.backfill_approvals; newest text; fenced_at timestamptz; open_marks bigint; uncovered text;
  readers text; amended jsonb; new_release text; new_epoch bigint;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'publication runs in READ COMMITTED only: its checks must see what was committed before the fence' USING ERRCODE = '25001';
  END IF;
  SELECT * INTO STRICT run FROM governance.backfill_runs WHERE backfill_id = p_backfill_id FOR UPDATE;
  SELECT * INTO STRICT ds FROM governance.datasets WHERE dataset = run.dataset;
  SELECT * INTO STRICT active FROM governance.active_releases WHERE dataset = run.dataset FOR UPDATE;
  IF active.backfill_id = p_backfill_id THEN
    SELECT * INTO STRICT known FROM governance.data_releases WHERE release_id = active.release_id;
    RETURN jsonb_build_object('releaseId', known.release_id, 'publishedAt', known.published_at, 'deadline', known.rollback_deadline);
  END IF;
  IF active.release_id IS DISTINCT FROM p_expected_release THEN
    RAISE EXCEPTION 'the published view shows release % by now', active.release_id USING ERRCODE = '40001';
  END IF;
  IF p_fence < (SELECT coalesce(max(fence), 0) FROM governance.data_releases WHERE backfill_id = p_backfill_id) THEN
    RAISE EXCEPTION 'another attempt published after this one was started' USING ERRCODE = '55000', HINT = 'stale fence';
  END IF;
  -- Evidence refers to the run, whose row is locked: from here on none is added.
  SELECT digest INTO newest FROM governance.backfill_evidence WHERE backfill_id = p_backfill_id AND kind = 'run' ORDER BY evidence_id DESC LIMIT 1;
  SELECT * INTO known FROM governance.data_releases WHERE backfill_id = p_backfill_id AND evidence_digest = newest AND state = 'rolled_back';
  IF FOUND THEN
    RAISE EXCEPTION 'a release of this run under this approval was rolled back: % by %; another one needs new evidence and a new approval', known.release_id, known.rolled_back_by
      USING ERRCODE = '55000', HINT = 'rolled back';
  END IF;

  -- Before the fence, because it takes longer the more roles the server has: under it, it is asked again only where something moved since.
  readers := governance.readers_digest(p_backfill_id);
  uncovered := governance.readers_left_out(p_backfill_id);
  IF uncovered IS NOT NULL THEN
    RAISE EXCEPTION '%', uncovered USING ERRCODE = '55000';
  END IF;

  -- Releases of one issue are numbered across datasets, one publication after the other. Before the fence: who waits here keeps no writer waiting.
  -- Up to the first dot, because FIN-1.2 may be the second release of FIN-1 or the first of an issue of that name.
  PERFORM pg_advisory_xact_lock(hashtextextended('controlled-backfill:release:' || split_part(run.issue, '.', 1), 0));

  EXECUTE format('SELECT governance.%I()', ds.function_prefix || '_fence');
  -- Somebody's change of definition that waits for a reader would hold up what is asked of the view here, and writers with it.
  PERFORM set_config('lock_timeout', '100ms', true);
  fenced_at := clock_timestamp();

  -- Marks first: a batch that fails because a live write came in between passes once it has been rebuilt.
  SELECT count(*) INTO open_marks FROM governance.dirty_partitions WHERE backfill_id = p_backfill_id;
  IF open_marks > 0 THEN
    RAISE EXCEPTION 'not caught up: % marks of live writes are open', open_marks USING ERRCODE = '55006';
  END IF;
  IF EXISTS (SELECT FROM governance.backfill_partitions WHERE backfill_id = p_backfill_id AND state <> 'built')
     OR EXISTS (SELECT FROM governance.backfill_batches WHERE backfill_id = p_backfill_id AND state NOT IN ('passed', 'waived')) THEN
    RAISE EXCEPTION 'a partition of % is not built, or a batch of it does not pass', p_backfill_id USING ERRCODE = '55000';
  END IF;
  IF governance.relation_fingerprint(ds.base_table) IS DISTINCT FROM p_base_columns THEN
    RAISE EXCEPTION 'the columns of % are not those of the plan', ds.base_table USING ERRCODE = '55000';
  END IF;
  IF coalesce(least(strpos(pg_get_viewdef(ds.published_view), 'governance.active_releases'), strpos(pg_get_viewdef(ds.published_view), quote_literal(p_backfill_id) || '::text')), 0) = 0 THEN
    RAISE EXCEPTION '% is not armed for %: a moved pointer would change nothing', ds.published_view, p_backfill_id USING ERRCODE = '55000';
  END IF;
  IF governance.view_fingerprint(ds.published_view) IS DISTINCT FROM p_armed_view THEN
    RAISE EXCEPTION 'the definition, owner or grants of % changed since it was armed', ds.published_view USING ERRCODE = '55000';
  END IF;
  IF governance.readers_digest(p_backfill_id) IS DISTINCT FROM readers THEN
    uncovered := governance.readers_left_out(p_backfill_id);
    IF uncovered IS NOT NULL THEN
      RAISE EXCEPTION '%', uncovered USING ERRCODE = '55000';
    END IF;
  END IF;
  IF NOT EXISTS (SELECT FROM governance.backfill_artifacts a JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = a.oid AND d.classid = 'pg_rewrite'::regclass
                   JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class = ds.published_view
                  WHERE a.backfill_id = p_backfill_id AND a.kind = 'shadow' AND a.dropped_at IS NULL) THEN
    RAISE EXCEPTION '% does not read the shadow table that % built', ds.published_view, p_backfill_id USING ERRCODE = '55000';
  END IF;

  SELECT * INTO approval FROM governance.backfill_approvals
   WHERE backfill_id = p_backfill_id AND decision = 'approve' AND evidence_digest = newest AND void_since IS NULL
     AND NOT EXISTS (SELECT FROM governance.period_approvers(p_backfill_id) p WHERE p.approver = lower(btrim(decided_by)))
   ORDER BY approval_id DESC LIMIT 1;
  IF approval.approval_id IS NULL THEN
    RAISE EXCEPTION 'no approval covers the newest evidence %', newest USING ERRCODE = '55000', HINT = 'approval void';
  END IF;
  SELECT string_agg(p.approver, ', ' ORDER BY p.approver) INTO uncovered FROM governance.period_approvers(p_backfill_id) p
   WHERE NOT EXISTS (SELECT FROM governance.backfill_approvals a WHERE a.backfill_id = p_backfill_id AND a.decision = 'approve' AND a.evidence_digest = newest
                        AND a.void_since IS NULL AND lower(btrim(a.decided_by)) = p.approver);
  IF uncovered IS NOT NULL THEN
    RAISE EXCEPTION 'evidence % changes closed periods and is not approved by %', newest, uncovered USING ERRCODE = '55000', HINT = 'approval void';
  END IF;
  -- Evidence that was found under an older plan says nothing of the columns that were added since.
  IF run.plan_hash IS DISTINCT FROM (SELECT body ->> 'planHash' FROM governance.backfill_evidence WHERE backfill_id = p_backfill_id AND kind = 'run' ORDER BY evidence_id DESC LIMIT 1) THEN
    RAISE EXCEPTION 'the newest evidence of % is of an older plan: it has to be found again', p_backfill_id USING ERRCODE = '55000', HINT = 'approval void';
  END IF;
  uncovered := coalesce(governance.beyond_envelope(p_backfill_id), governance.run_delta_outside(p_backfill_id));
  IF uncovered IS NOT NULL THEN
    RAISE EXCEPTION '%', uncovered USING ERRCODE = '55000', HINT = 'approval void';
  END IF;
  -- Last of the guards: where it reads the base, no other refusal costs writers that time.
  uncovered := governance.unknown_writes(p_backfill_id);
  IF uncovered IS NOT NULL THEN
    RAISE EXCEPTION '%', uncovered USING ERRCODE = '55006';
  END IF;
  SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY a.partition COLLATE "C"), '[]') INTO amended FROM governance.amendments_since_evidence(p_backfill_id) a;

  SELECT named.release INTO new_release
    FROM (SELECT count(*) AS used FROM governance.data_releases WHERE release_id = run.issue OR starts_with(release_id, run.issue || '.')) known_releases,
         generate_series(used + 1, 2 * used + 1) number, LATERAL (SELECT run.issue || CASE number WHEN 1 THEN '' ELSE '.' || number END AS release) named
   WHERE NOT EXISTS (SELECT FROM governance.data_releases WHERE release_id = named.release) ORDER BY number LIMIT 1;
  INSERT INTO governance.data_releases (release_id, dataset, backfill_id, source_range, code_version, approved_by, requested_by, approval_id, evidence_digest, plan_hash,
                                        previous_release, epoch, fence, fence_ms, amendments, amendment_list, amendment_digest, rollback_deadline)
  VALUES (new_release, run.dataset, p_backfill_id,
          (SELECT string_agg(format('[%s, %s)', r ->> 'start', r ->> 'end'), ', ') FROM jsonb_array_elements(run.key_ranges) r),
          run.code_version, approval.decided_by, run.requested_by, approval.approval_id, newest, run.plan_hash,
          active.release_id, active.epoch + 1, p_fence, extract(epoch FROM clock_timestamp() - fenced_at) * 1000,
          jsonb_array_length(amended), amended, encode(sha256(convert_to(amended::text, 'UTF8')), 'hex'), clock_timestamp() + p_window)
  RETURNING * INTO known;
  UPDATE governance.active_releases SET backfill_id = p_backfill_id, release_id = new_release, epoch = epoch + 1, moved_at = clock_timestamp()
   WHERE dataset = run.dataset RETURNING epoch INTO new_epoch;
  INSERT INTO governance.backfill_events (backfill_id, kind, actor, detail)
  VALUES (p_backfill_id, 'published', approval.decided_by, jsonb_build_object('release', new_release, 'epoch', new_epoch, 'digest', newest, 'amendments', known.amendments, 'amendmentDigest', known.amendment_digest));
  RETURN jsonb_build_object('releaseId', known.release_id, 'publishedAt', known.published_at, 'deadline', known.rollback_deadline);
END $$;

-- The point from which the old version goes: every party signed off this very release. From here on no rollback is possible.
CREATE FUNCTION governance.begin_consolidation(p_backfill_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE run governance.backfill_runs; active governance.active_releases; missing text;
BEGIN
  SELECT * INTO STRICT run FROM governance.backfill_runs WHERE backfill_id = p_backfill_id FOR UPDATE;
  SELECT * INTO STRICT active FROM governance.active_releases WHERE dataset = run.dataset FOR UPDATE;
  IF active.backfill_id IS DISTINCT FROM p_backfill_id THEN
    RAISE EXCEPTION 'the published view does not show %', p_backfill_id USING ERRCODE = '55000', HINT = 'not shown';
  END IF;
  SELECT string_agg(party, ', ') INTO missing FROM unnest(run.sign_off_parties) party
   WHERE NOT EXISTS (SELECT FROM governance.backfill_approvals a WHERE a.backfill_id = p_backfill_id AND a.decision = 'sign_off' AND a.decided_by = party AND a.subject = active.release_id);
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION 'release % is not signed off by %', active.release_id, missing USING ERRCODE = '55000';
  END IF;
  IF active.consolidating THEN RETURN; END IF;
  UPDATE governance.active_releases SET consolidating = true WHERE dataset = run.dataset;
  INSERT INTO governance.backfill_events (backfill_id, kind, actor, detail) VALUES (p_backfill_id, 'consolidation began', session_user, jsonb_build_object('release', active.release_id));
END $$;

-- Ends the overlay without a visible change: under the fence nothing is dirty and the base holds what the overlay shows.
CREATE FUNCTION governance.retire_release(p_backfill_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE run governance.backfill_runs; ds governance.datasets; open_marks bigint; waiting bigint; unchecked bigint; differing bigint; unknown text;
BEGIN
  SELECT * INTO STRICT run FROM governance.backfill_runs WHERE backfill_id = p_backfill_id FOR UPDATE;
  SELECT * INTO STRICT ds FROM governance.datasets WHERE dataset = run.dataset;
  IF NOT EXISTS (SELECT FROM governance.active_releases WHERE dataset = run.dataset AND backfill_id = p_backfill_id FOR UPDATE) THEN
    IF EXISTS (SELECT FROM governance.data_releases WHERE backfill_id = p_backfill_id AND state = 'consolidated') THEN RETURN true; END IF;
    RAISE EXCEPTION 'the published view does not show %', p_backfill_id USING ERRCODE = '55000';
  END IF;
  IF NOT (SELECT consolidating FROM governance.active_releases WHERE dataset = run.dataset) THEN
    RAISE EXCEPTION 'consolidation of % has not begun', p_backfill_id USING ERRCODE = '55000';
  END IF;
  EXECUTE format('SELECT governance.%I()', ds.function_prefix || '_fence');
  -- Somebody's change of definition that waits for a reader would hold up what is asked of the view here, and writers with it.
  PERFORM set_config('lock_timeout', '100ms', true);
  SELECT count(*) INTO open_marks FROM governance.dirty_partitions WHERE backfill_id = p_backfill_id;
  SELECT count(*) INTO waiting FROM governance.backfill_partitions WHERE backfill_id = p_backfill_id AND consolidated_at IS NULL;
  SELECT count(*) INTO unchecked FROM governance.backfill_batches WHERE backfill_id = p_backfill_id AND state NOT IN ('passed', 'waived');
  IF open_marks > 0 OR waiting > 0 OR unchecked > 0 THEN
    RAISE EXCEPTION 'not consolidated: % marks, % partitions and % batches are open', open_marks, waiting, unchecked USING ERRCODE = '55006';
  END IF;
  unknown := governance.unknown_writes(p_backfill_id);
  IF unknown IS NOT NULL THEN
    IF run.plan -> 'contract' -> 'livePipeline' ->> 'capture' = 'fingerprints' THEN
      RAISE EXCEPTION 'not consolidated: %', unknown USING ERRCODE = '55006';
    END IF;
    EXECUTE format('SELECT governance.%I($1)', ds.function_prefix || '_differences') INTO differing USING p_backfill_id;
    IF differing > 0 THEN
      RAISE EXCEPTION 'capture is not whole and % rows of base and overlay differ', differing USING ERRCODE = '55000';
    END IF;
  END IF;
  UPDATE governance.data_releases SET state = 'consolidated', consolidated_at = clock_timestamp()
   WHERE release_id = (SELECT release_id FROM governance.active_releases WHERE dataset = run.dataset);
  UPDATE governance.active_releases SET backfill_id = NULL, release_id = NULL, consolidating = false, epoch = epoch + 1, moved_at = clock_timestamp() WHERE dataset = run.dataset;
  INSERT INTO governance.backfill_events (backfill_id, kind, actor) VALUES (p_backfill_id, 'overlay retired', session_user);
  RETURN true;
END $$;
