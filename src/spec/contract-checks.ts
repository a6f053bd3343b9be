import type { PartitionGrain } from '../domain/dataset-contract.ts';
import { PARTITION_GRAINS } from '../domain/dataset-contract.ts';
import { sameName } from '../domain/names.ts';
import type { DocumentIssue } from './document-issue.ts';
import type { DocumentPath } from './document-path.ts';
import { isMapping, showValue, valueAt } from './document-path.ts';
import { approvalIssues } from './approval-checks.ts';
import { GRAIN_STARTS, isGrainStart } from './grain.ts';
import { dateReader } from './iso-date.ts';
import { nearestWord } from './nearest-word.ts';
import { repeated } from './repeated.ts';
import { tableNameReader } from './sql-name.ts';

/** What holds between fields of a contract. Each check runs whenever its own fields can be read. */
export function contractIssues(document: unknown): readonly DocumentIssue[] {
  return [
    ...['approvers', 'sign_off', 'unique_key', 'required', 'dimensions', 'reference_inputs'].flatMap((name) =>
      repeated(valueAt(document, [name]), [name]),
    ),
    ...approvalIssues(document),
    ...eraIssues(document, ['transform', 'corrected']),
    ...eraIssues(document, ['transform', 'trusted']),
    ...viewIssues(document),
    ...totalIssues(document),
    ...consumerIssues(document),
    ...probeIssues(document),
  ];
}

/** Eras follow each other and change at a partition's edge: one partition is never built by two sets of rules. */
function eraIssues(document: unknown, path: DocumentPath): readonly DocumentIssue[] {
  const eras = valueAt(document, path);
  if (!Array.isArray(eras)) return [];
  const written = valueAt(document, ['partition', 'grain']);
  const grain = PARTITION_GRAINS.find((one) => one === written);
  const starts = (eras as unknown[]).map((era) => (isMapping(era) ? dayOf(era['from']) : undefined));
  return starts.flatMap((from, index) => {
    if (from === undefined) return [];
    const before = starts[index - 1];
    const place: DocumentPath = [...path, index, 'from'];
    const order: readonly DocumentIssue[] =
      before !== undefined && from <= before
        ? [{ path: place, problem: `begins no later than the era before it (${before}):`, found: from }]
        : [];
    return [...order, ...edgeIssues(place, from, grain)];
  });
}

function edgeIssues(path: DocumentPath, from: string, grain: PartitionGrain | undefined): readonly DocumentIssue[] {
  if (grain === undefined || isGrainStart(from, grain)) return [];
  return [{ path, problem: `begins inside a partition of grain ${grain}:`, found: from, allowed: GRAIN_STARTS[grain] }];
}

function dayOf(value: unknown): string | undefined {
  const reading = dateReader.read(value);
  return 'value' in reading ? reading.value : undefined;
}

function viewIssues(document: unknown): readonly DocumentIssue[] {
  const view = tableNameReader.read(valueAt(document, ['published_view']));
  const table = tableNameReader.read(valueAt(document, ['dataset']));
  if (!('value' in view && 'value' in table) || !sameName(view.value, table.value)) return [];
  const found = showValue(valueAt(document, ['published_view']));
  const allowed = 'a view over the dataset; `backfill adopt` puts a table behind one';
  return [{ path: ['published_view'], problem: 'is the dataset itself:', found, allowed }];
}

function totalIssues(document: unknown): readonly DocumentIssue[] {
  const measures = valueAt(document, ['measures']);
  const totals = valueAt(document, ['source_totals']);
  if (!isMapping(totals) || !isMapping(measures)) return [];
  const names = Object.keys(measures);
  return Object.entries(totals).flatMap(([name, total]): readonly DocumentIssue[] => {
    const paths = isMapping(total) ? ['sql', 'csv'].filter((way) => total[way] !== undefined) : ['sql'];
    if (names.includes(name) && paths.length === 1) return [];
    if (names.includes(name)) return [wayIssue(name, paths)];
    const nearest = nearestWord(name, names);
    const hint = nearest === undefined ? { allowed: names.join(', ') || 'a name under measures' } : { nearest };
    return [
      { path: ['source_totals', name], part: 'key', problem: 'not a measure of this contract', found: name, ...hint },
    ];
  });
}

function wayIssue(name: string, paths: readonly string[]): DocumentIssue {
  const allowed = 'sql (a query) or csv (a file of figures), one of them';
  const problem = paths.length === 0 ? 'has no path to its figures' : 'has two paths to its figures';
  return { path: ['source_totals', name], part: 'key', problem, found: '', allowed };
}

/** A monitor without an expectation could never fail, an expectation without a monitor never be looked at. */
function consumerIssues(document: unknown): readonly DocumentIssue[] {
  const consumers = valueAt(document, ['consumers']);
  if (!isMapping(consumers)) return [];
  return Object.entries(consumers).flatMap(([name, consumer]): readonly DocumentIssue[] => {
    if (!isMapping(consumer)) return [];
    const hasMonitor = consumer['monitor'] !== undefined;
    if (hasMonitor === (consumer['expect'] !== undefined)) return [];
    const [given, missing] = hasMonitor ? ['monitor', 'expect'] : ['expect', 'monitor'];
    return [
      { path: ['consumers', name, missing], problem: `is missing, since there is a field "${given}"`, found: '' },
    ];
  });
}

function probeIssues(document: unknown): readonly DocumentIssue[] {
  const section = valueAt(document, ['live_pipeline']);
  if (!isMapping(section) || section['running'] === undefined || section['http'] === undefined) return [];
  const allowed = 'running (an SQL file) or http, not both';
  return [{ path: ['live_pipeline', 'http'], part: 'key', problem: 'a second probe', found: '', allowed }];
}
