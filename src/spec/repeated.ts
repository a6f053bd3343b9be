import type { DocumentIssue } from './document-issue.ts';
import type { DocumentPath } from './document-path.ts';

/** Entries of a list of texts that were there before. */
export function repeated(list: unknown, path: DocumentPath): readonly DocumentIssue[] {
  if (!Array.isArray(list)) return [];
  const entries = list as unknown[];
  return entries.flatMap((entry, index) =>
    typeof entry === 'string' && entries.indexOf(entry) < index
      ? [{ path: [...path, index], problem: 'is listed twice:', found: entry }]
      : [],
  );
}
