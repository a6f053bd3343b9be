import { sameName } from '../domain/names.ts';
import { announceIssues } from './contract-checks.ts';
import type { DocumentIssue } from './document-issue.ts';
import type { DocumentPath } from './document-path.ts';
import { isMapping, showValue, valueAt } from './document-path.ts';
import type { DaySpan } from './interval.ts';
import { intervalOf } from './interval.ts';
import { dateReader } from './iso-date.ts';
import type { Reader } from './reader.ts';
import { repeated } from './repeated.ts';
import { tableNameReader } from './sql-name.ts';

const READERS: DocumentPath = ['publication', 'direct_readers'];
const REQUIRED: DocumentPath = ['validation', 'required'];

/** What holds between fields. Each check runs whenever its own fields can be read, whatever else is wrong in the document. */
export function specIssues(document: unknown, today: string): readonly DocumentIssue[] {
  return [
    ...rangeIssues(document, today),
    ...snapshotIssues(document),
    ...windowIssues(document),
    ...deltaIssues(document),
    ...toleranceIssues(document),
    ...[READERS, REQUIRED].flatMap((path) => repeated(valueAt(document, path), path)),
    ...announceIssues(document, ['publication', 'announce']),
  ];
}

function rangeIssues(document: unknown, today: string): readonly DocumentIssue[] {
  const path = ['source_range'];
  const end = readAt(document, [...path, 'end'], dateReader);
  const open: readonly DocumentIssue[] =
    end !== undefined && end > today
      ? [
          {
            path: [...path, 'end'],
            problem: `reaches into partitions that are still open (today is ${today}):`,
            found: end,
            allowed: 'a day that is over',
          },
        ]
      : [];
  const span = spanAt(document, path);
  if (span === undefined) return open;
  return span.end < span.start ? [...open, endsEarly(path, span)] : [...open, ...exclusionIssues(document, span)];
}

function endsEarly(path: DocumentPath, span: DaySpan): DocumentIssue {
  return { path: [...path, 'end'], problem: `ends before its start ${span.start}:`, found: span.end };
}

function exclusionIssues(document: unknown, range: DaySpan): readonly DocumentIssue[] {
  const path: DocumentPath = ['source_range', 'exclude'];
  const written = valueAt(document, path);
  if (!Array.isArray(written)) return [];
  const spans = (written as unknown[]).map((_, index) => spanAt(document, [...path, index]));
  const issues = spans.flatMap((span, index): readonly DocumentIssue[] => {
    if (span === undefined) return [];
    if (span.end < span.start) return [endsEarly([...path, index], span)];
    if (span.start >= range.start && span.end <= range.end) return [];
    const allowed = `days from ${range.start} to ${range.end}`;
    return [{ path: [...path, index], problem: 'lies outside source_range:', found: showSpan(span), allowed }];
  });
  const readable = spans.filter((span) => span !== undefined);
  const isEmpty = issues.length === 0 && readable.length === spans.length && intervalOf(range, readable).length === 0;
  return isEmpty ? [{ path, part: 'key', problem: 'leaves nothing of source_range to correct', found: '' }] : issues;
}

function showSpan({ start, end }: DaySpan): string {
  return start === end ? start : `${start} to ${end}`;
}

function snapshotIssues(document: unknown): readonly DocumentIssue[] {
  const table = readAt(document, ['target', 'table'], tableNameReader);
  const path = ['rollback', 'snapshot'];
  const snapshot = readAt(document, path, tableNameReader);
  if (table === undefined || snapshot === undefined || !sameName(table, snapshot)) return [];
  const found = showValue(valueAt(document, path));
  return [
    { path, problem: 'is the target table itself:', found, allowed: 'the name of a table that does not exist yet' },
  ];
}

function windowIssues(document: unknown): readonly DocumentIssue[] {
  const path: DocumentPath = ['execution', 'pause_windows'];
  const windows = valueAt(document, path);
  if (!Array.isArray(windows)) return [];
  return (windows as unknown[]).flatMap((window, index) =>
    isMapping(window) && typeof window['to'] === 'string' && window['from'] === window['to']
      ? [{ path: [...path, index, 'to'], problem: 'a window that never opens or never ends', found: window['to'] }]
      : [],
  );
}

function deltaIssues(document: unknown): readonly DocumentIssue[] {
  const validation = valueAt(document, ['validation']);
  if (!isMapping(validation)) return [];
  return Object.entries(validation).flatMap(([name, value]) =>
    name.endsWith('_delta_expected') && isMapping(value) && Object.keys(value).length === 0
      ? [{ path: ['validation', name], problem: 'expects nothing', found: '', allowed: 'partition, batch, run or by' }]
      : [],
  );
}

/** A tolerance of nothing would be read as one. */
function toleranceIssues(document: unknown): readonly DocumentIssue[] {
  const tolerances = valueAt(document, ['validation', 'tolerances']);
  if (!isMapping(tolerances)) return [];
  return Object.entries(tolerances).flatMap(([column, value]) =>
    isMapping(value) && value['absolute'] === undefined && value['relative'] === undefined
      ? [
          {
            path: ['validation', 'tolerances', column],
            problem: 'tolerates nothing',
            found: '',
            allowed: 'absolute or relative, and drift',
          },
        ]
      : [],
  );
}

function spanAt(document: unknown, path: DocumentPath): DaySpan | undefined {
  const day = readAt(document, path, dateReader);
  if (day !== undefined) return { start: day, end: day };
  const start = readAt(document, [...path, 'start'], dateReader);
  const end = readAt(document, [...path, 'end'], dateReader);
  return start === undefined || end === undefined ? undefined : { start, end };
}

function readAt<T>(document: unknown, path: DocumentPath, reader: Reader<T>): T | undefined {
  const value = valueAt(document, path);
  const reading = reader.read(value);
  return 'value' in reading ? reading.value : undefined;
}
