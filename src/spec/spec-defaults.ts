import type { DefaultField } from './defaults.ts';
import { isMapping, valueAt } from './document-path.ts';

const FIELDS: readonly DefaultField[] = [
  { path: 'source_range.exclude', value: [] },
  { path: 'execution.partitions_per_batch', value: 7 },
  { path: 'execution.max_concurrency', value: 1 },
  { path: 'execution.pause_during_live_pipeline', value: true },
  { path: 'execution.order', value: 'oldest_first' },
  { path: 'execution.query_timeout', value: '15m' },
  { path: 'execution.lock_timeout', value: '1s' },
  { path: 'execution.daily_bytes_budget', value: null },
  { path: 'execution.daily_cost_budget', value: null },
  { path: 'execution.pause_windows', value: [] },
  { path: 'validation.row_count_tolerance', value: 0 },
  { path: 'validation.input_drift', value: 'refused' },
  { path: 'validation.max_unexplained_rows', value: null },
  { path: 'validation.max_unexplained_delta', value: {} },
  { path: 'validation.tolerances', value: {} },
  { path: 'validation.sample_rows', value: 5 },
  { path: 'validation.required', value: [] },
  { path: 'publication.strategy', value: 'pointer' },
  { path: 'publication.late_drift.partitions', value: '1%' },
  { path: 'publication.late_drift.measure', value: '0.1%' },
  { path: 'publication.late_drift.max_lag', value: '15m' },
  { path: 'publication.max_fence', value: '3s' },
  { path: 'publication.direct_readers', value: [] },
  { path: 'publication.announce', value: [] },
  { path: 'rollback.window', value: '7d' },
  { path: 'rollback.retain_after_sign_off', value: '7d' },
  { path: 'rollback.monitors', value: true },
  { path: 'rollback.auto_rollback', value: true },
];

/** Three and a half deviations stand out, six are beyond chance; daily figures of a small series wander by a per cent or two. */
const BOUNDARY: readonly DefaultField[] = [
  { path: 'validation.boundary.deviations', value: 6 },
  { path: 'validation.boundary.least', value: '2%' },
  { path: 'validation.boundary.history', value: 12 },
];

/** The optional fields of a backfill spec, those of its pause windows included. */
export function specDefaults(document: unknown): readonly DefaultField[] {
  const windows = valueAt(document, ['execution', 'pause_windows']);
  const zones = (Array.isArray(windows) ? (windows as unknown[]) : []).flatMap((window, index) =>
    isMapping(window) ? [{ path: `execution.pause_windows[${index}].time_zone`, value: 'UTC' }] : [],
  );
  const boundary = valueAt(document, ['validation', 'boundary']);
  return [...FIELDS, ...(boundary === undefined || isMapping(boundary) ? BOUNDARY : []), ...zones];
}
