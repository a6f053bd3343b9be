import type { DocumentIssue } from './document-issue.ts';
import { isMapping, showValue, valueAt } from './document-path.ts';
import { isMeaningful, sqlTokens } from './sql-lexer.ts';
import { columnNameReader } from './sql-name.ts';

/** Where a personal column cannot be masked, because what is shown would say nothing any more, it may not stand. */
export function personalIssues(document: unknown): readonly DocumentIssue[] {
  const personal = valueAt(document, ['personal']);
  if (!Array.isArray(personal)) return [];
  const named = (personal as unknown[]).map(columnOf);
  return [...keyIssues(document, named), ...measureIssues(document, named)];
}

type Named = readonly (string | undefined)[];

function keyIssues(document: unknown, named: Named): readonly DocumentIssue[] {
  const key = columnOf(valueAt(document, ['partition', 'key']));
  const place = key === undefined ? -1 : named.indexOf(key);
  if (place < 0) return [];
  const allowed = 'other columns: every list of partitions names this one';
  return [{ path: ['personal', place], problem: 'is the partition key:', found: key ?? '', allowed }];
}

/** Rows are shown with the first measure over each alone: of one row a sum is the value itself. */
function measureIssues(document: unknown, named: Named): readonly DocumentIssue[] {
  const measures = valueAt(document, ['measures']);
  const [first] = isMapping(measures) ? Object.entries(measures) : [];
  if (first === undefined || typeof first[1] !== 'string') return [];
  const read = sqlTokens(first[1])
    .filter(isMeaningful)
    .flatMap(({ kind, text }) => (kind === 'word' || kind === 'quoted' ? [columnOf(text)] : []));
  const found = read.find((column) => column !== undefined && named.includes(column));
  if (found === undefined) return [];
  const problem = `reads the personal column ${found}, and every row that is shown is shown with the first measure:`;
  return [
    { path: ['measures', first[0]], problem, found: showValue(first[1]), allowed: 'another measure before this one' },
  ];
}

function columnOf(value: unknown): string | undefined {
  const reading = columnNameReader.read(value);
  return 'value' in reading ? reading.value : undefined;
}
