import type { DefaultField } from './defaults.ts';
import { isMapping, valueAt } from './document-path.ts';

const FIELDS: readonly DefaultField[] = [
  { path: 'approval.identification', value: 'claimed' },
  { path: 'approval.keys', value: {} },
  { path: 'closed_periods', value: [] },
  { path: 'partition.time_zone', value: null },
  { path: 'required', value: [] },
  { path: 'dimensions', value: [] },
  { path: 'personal', value: [] },
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
  { path: 'deadlines.approval', value: '24h' },
  { path: 'deadlines.sign_off', value: '48h' },
  { path: 'deadlines.hold', value: '4h' },
  { path: 'downstream', value: [] },
];

const CONSUMER_FIELDS: Readonly<Record<string, unknown>> = {
  every: '5m',
  after: '0s',
  failures: 2,
  on_breach: 'alert',
};
/** Of twenty runs the second slowest is the 95th percentile: fewer would let one hiccup of the machine decide. */
const CANARY_RUNS = 20;

/** The optional fields of a dataset contract, those of its totals and consumers included. */
export function contractDefaults(document: unknown): readonly DefaultField[] {
  return [
    ...FIELDS,
    ...ofEach(document, 'source_totals', { tolerance: 0 }),
    ...ofEach(document, 'consumers', CONSUMER_FIELDS),
    ...canaryRuns(document),
    ...mappings(document),
  ];
}

function mappings(document: unknown): readonly DefaultField[] {
  const downstream = valueAt(document, ['downstream']);
  return (Array.isArray(downstream) ? (downstream as unknown[]) : []).flatMap((one, index) =>
    isMapping(one) ? [{ path: ['downstream', index, 'partitions'], value: 'same' }] : [],
  );
}

function canaryRuns(document: unknown): readonly DefaultField[] {
  const consumers = valueAt(document, ['consumers']);
  if (!isMapping(consumers)) return [];
  return Object.entries(consumers).flatMap(([name, consumer]) =>
    isMapping(consumer) && isMapping(consumer['canary'])
      ? [{ path: ['consumers', name, 'canary', 'runs'], value: CANARY_RUNS }]
      : [],
  );
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
