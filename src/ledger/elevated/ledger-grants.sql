-- What the worker may do with the ledger: never rewrite an event, an approval or evidence, never move the pointer but through publish_release() and a rollback.
GRANT USAGE ON SCHEMA governance TO {{worker}};
GRANT SELECT ON ALL TABLES IN SCHEMA governance TO {{worker}};
GRANT USAGE ON SEQUENCE governance.backfill_fence TO {{worker}};
GRANT INSERT ON governance.backfill_runs, governance.backfill_batches, governance.backfill_partitions, governance.backfill_evidence,
  governance.backfill_approvals, governance.announcements, governance.backfill_artifacts,
  governance.backfill_spending, governance.backfill_attempts TO {{worker}};
GRANT INSERT (backfill_id, at, kind, actor, detail) ON governance.backfill_events TO {{worker}};
GRANT UPDATE (status, status_since, ended_at) ON governance.backfill_runs TO {{worker}};
GRANT UPDATE (state, fence, checks, figures, digest, reconciled_at, sources_seen_at) ON governance.backfill_batches TO {{worker}};
GRANT UPDATE (state, fence, rows, bytes, duration_ms, shadow_fingerprint, snapshot_fingerprint, base_fingerprint, source_totals, transform_sha256, input_state, builds, timeouts, timeouts_in_all, gate_cancels, gate_cancels_in_all, built_at, moved_at, consolidated_at)
  ON governance.backfill_partitions TO {{worker}};
GRANT UPDATE (void_since, void_because) ON governance.backfill_approvals TO {{worker}};
GRANT UPDATE (oid, dropped_at) ON governance.backfill_artifacts TO {{worker}};
GRANT UPDATE (ended_at) ON governance.backfill_attempts TO {{worker}};
GRANT UPDATE (delivered_at) ON governance.announcements TO {{worker}};
GRANT INSERT ON governance.reference_inputs TO {{worker}};
GRANT UPDATE (seen_at, accepted_at, accepted_by, withdrawn_at) ON governance.reference_inputs TO {{worker}};
GRANT INSERT, DELETE ON governance.dirty_partitions, governance.catch_ups TO {{worker}};
GRANT INSERT, UPDATE, DELETE ON governance.base_comparisons TO {{worker}};
GRANT INSERT ON governance.live_rows TO {{worker}};
GRANT INSERT, UPDATE ON governance.overlay_row_security TO {{worker}};
GRANT INSERT ON governance.published_totals, governance.monitor_baselines TO {{worker}};
GRANT INSERT, DELETE ON governance.monitor_results TO {{worker}};
GRANT INSERT ON governance.announcement_deliveries, governance.downstream_notices TO {{worker}};
GRANT UPDATE (state, attempts, last_error, next_attempt_at, delivered_at) ON governance.announcement_deliveries TO {{worker}};
-- The rollback statement: back to the previous history, never forward to another.
GRANT UPDATE (backfill_id, release_id, epoch, moved_at) ON governance.active_releases TO {{worker}};
GRANT UPDATE (state, rolled_back_at, rolled_back_by) ON governance.data_releases TO {{worker}};
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA governance FROM PUBLIC;
GRANT EXECUTE ON FUNCTION governance.relation_fingerprint(regclass), governance.view_fingerprint(regclass), governance.before_fence(regclass), governance.leaves(regclass),
  governance.capture_is_whole(text, regclass), governance.capture_seal(text, regclass), governance.seal_events(),
  governance.amendments_since_evidence(text), governance.beyond_envelope(text), governance.run_delta_outside(text),
  governance.publish_release(text, bigint, text, interval, text, text), governance.begin_consolidation(text), governance.retire_release(text), governance.period_approvers(text),
  governance.replan(text, text, text, json, text), governance.row_security(regclass), governance.readers_left_out(text),
  governance.follow_readers(text), governance.readers_moved(text), governance.forget_readers(text) TO {{worker}};
