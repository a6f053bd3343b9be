import type { DefaultField } from './defaults.ts';
import { isMapping, valueAt } from './document-path.ts';

const FIELDS: readonly DefaultField[] = [
  { path: 'approval.identification', value: 'claimed' },
  { path: 'approval.keys', value: {} },
  { path: 'closed_periods', value: [] },
  { path: 'partition.time_zone', value: null },
  { path: 'required', value: [] },
  { path: 'dimensions', value: [] },
  { path: 'measures', value: {} },
  { path: 'transform.trusted', value: [] },
  { path: 'transform.range_safe', value: false },
  { path: 'source_totals', value: {} },
  { path: 'reference_inputs', value: [] },
  { path: 'explanations', value: {} },
  { path: 'live_pipeline.started_signal_expires', value: '2h' },
  { path: 'live_pipeline.capture', value: 'triggers' },
  { path: 'consumers', value: {} },
  { path: 'announce', value: [] },
];

const CONSUMER_FIELDS: Readonly<Record<string, unknown>> = { every: '5m', after: '0s', on_breach: 'alert' };

/** The optional fields of a dataset contract, those of its totals and consumers included. */
export function contractDefaults(document: unknown): readonly DefaultField[] {
  return [
    ...FIELDS,
    ...ofEach(document, 'source_totals', { tolerance: 0 }),
    ...ofEach(document, 'consumers', CONSUMER_FIELDS),
  ];
}

function ofEach(
  document: unknown,
  section: string,
  fields: Readonly<Record<string, unknown>>,
): readonly DefaultField[] {
  const entries = valueAt(document, [section]);
  if (!isMapping(entries)) return [];
  return Object.entries(entries).flatMap(([name, entry]) =>
    isMapping(entry) ? Object.entries(fields).map(([word, value]) => ({ path: [section, name, word], value })) : [],
  );
}
