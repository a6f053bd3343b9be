import type { PartitionGrain } from '../domain/dataset-contract.ts';
import { PARTITION_GRAINS } from '../domain/dataset-contract.ts';
import { needsPublished } from '../domain/monitor.ts';
import { sameName } from '../domain/names.ts';
import { expectationReader } from './contract-values.ts';
import type { DocumentIssue } from './document-issue.ts';
import type { DocumentPath } from './document-path.ts';
import { isMapping, showValue, valueAt } from './document-path.ts';
import { approvalIssues } from './approval-checks.ts';
import { GRAIN_STARTS, isGrainStart } from './grain.ts';
import { dateReader } from './iso-date.ts';
import { nearestWord } from './nearest-word.ts';
import { personalIssues } from './personal-checks.ts';
import { repeated } from './repeated.ts';
import { tableNameReader } from './sql-name.ts';

/** What holds between fields of a contract. Each check runs whenever its own fields can be read. */
export function contractIssues(document: unknown): readonly DocumentIssue[] {
  return [
    ...['approvers', 'sign_off', 'unique_key', 'required', 'dimensions', 'personal', 'reference_inputs'].flatMap(
      (name) => repeated(valueAt(document, [name]), [name]),
    ),
    ...personalIssues(document),
    ...approvalIssues(document),
    ...eraIssues(document, ['transform', 'corrected']),
    ...eraIssues(document, ['transform', 'trusted']),
    ...viewIssues(document),
    ...totalIssues(document),
    ...consumerIssues(document),
    ...probeIssues(document),
    ...announceIssues(document, ['announce']),
    ...channelIssues(document, ['escalation']),
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

const WAYS = ['monitor', 'http', 'canary'] as const;

/** A monitor without an expectation could never fail, an expectation without a monitor never be looked at. */
function consumerIssues(document: unknown): readonly DocumentIssue[] {
  const consumers = valueAt(document, ['consumers']);
  if (!isMapping(consumers)) return [];
  return Object.entries(consumers).flatMap(([name, consumer]): readonly DocumentIssue[] => {
    if (!isMapping(consumer)) return [];
    const [way, ...others] = WAYS.filter((word) => consumer[word] !== undefined);
    const second = others.map((word): DocumentIssue => {
      const allowed = 'one of monitor (an SQL file), http and canary';
      return {
        path: ['consumers', name, word],
        part: 'key',
        problem: 'a second way to look at it',
        found: '',
        allowed,
      };
    });
    if ((way !== undefined) === (consumer['expect'] !== undefined))
      return [...second, ...expectationIssues(name, consumer, way), ...measureOf(name, consumer, document)];
    const [given, missing] = way !== undefined ? [way, 'expect'] : ['expect', 'monitor'];
    return [
      ...second,
      { path: ['consumers', name, missing], problem: `is missing, since there is a field "${given}"`, found: '' },
    ];
  });
}

/** Errors and latencies are those of a canary; a canary has no other figures; an address answers one value. */
function expectationIssues(
  name: string,
  { expect }: Readonly<Record<string, unknown>>,
  way: (typeof WAYS)[number] | undefined,
): readonly DocumentIssue[] {
  const reading = expectationReader.read(expect);
  if (way === undefined || !('value' in reading)) return [];
  const { kind } = reading.value;
  const fits = way === 'canary' ? kind === 'canary' : kind !== 'canary' && !(way === 'http' && kind === 'psi_below');
  if (fits) return [];
  const allowed =
    way === 'canary'
      ? '"errors = 0" or "errors = 0, p95 within 3x"'
      : `equals_published or "within 0.1%"${way === 'http' ? '' : ' or "psi < 0.2"'}`;
  return [
    {
      path: ['consumers', name, 'expect'],
      problem: `cannot be expected of ${way}:`,
      found: showValue(expect),
      allowed,
    },
  ];
}

/** What is compared with a published total names a measure, or the contract has one to take. */
function measureOf(
  name: string,
  { expect, measure }: Readonly<Record<string, unknown>>,
  document: unknown,
): readonly DocumentIssue[] {
  const measures = valueAt(document, ['measures']);
  const known = isMapping(measures) ? Object.keys(measures) : [];
  if (measure !== undefined) {
    if (typeof measure !== 'string' || known.includes(measure)) return [];
    const allowed = known.join(', ') || 'a name under measures';
    return [
      { path: ['consumers', name, 'measure'], problem: 'not a measure of this contract', found: measure, allowed },
    ];
  }
  const reading = expectationReader.read(expect);
  if (!('value' in reading) || !needsPublished(reading.value) || known.length > 0) return [];
  return [
    {
      path: ['consumers', name, 'expect'],
      problem: 'compares with a published total, and the contract has no measures:',
      found: showValue(expect),
      allowed: 'a contract with measures, or "within 5% of baseline"',
    },
  ];
}

/** Whoever is told is told in one way; two ways are two entries. */
export function announceIssues(document: unknown, path: DocumentPath): readonly DocumentIssue[] {
  const targets = valueAt(document, path);
  return (Array.isArray(targets) ? (targets as unknown[]) : []).flatMap((_, index) =>
    channelIssues(document, [...path, index]),
  );
}

function channelIssues(document: unknown, path: DocumentPath): readonly DocumentIssue[] {
  const target = valueAt(document, path);
  if (!isMapping(target) || (target['webhook'] === undefined) !== (target['file'] === undefined)) return [];
  const problem = target['webhook'] === undefined ? 'tells nobody' : 'names two ways';
  return [{ path, problem, found: '', allowed: 'webhook: "env:NAME" or file: a path that ends in .jsonl' }];
}

function probeIssues(document: unknown): readonly DocumentIssue[] {
  const section = valueAt(document, ['live_pipeline']);
  if (!isMapping(section) || section['running'] === undefined || section['http'] === undefined) return [];
  const allowed = 'running (an SQL file) or http, not both';
  return [{ path: ['live_pipeline', 'http'], part: 'key', problem: 'a second probe', found: '', allowed }];
}
