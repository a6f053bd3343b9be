import type { DocumentIssue } from './document-issue.ts';
import type { DocumentPath, Mapping } from './document-path.ts';
import { formatPath, isMapping } from './document-path.ts';
import type { Word, Words } from './known-words.ts';
import { isSameWord, nearestWord } from './nearest-word.ts';

type Section = Word & { readonly kind: 'section' };

/** Every field name that is not known at its place or not supported yet, and the document without those fields. */
export function unknownFields(
  document: unknown,
  words: Section,
): { readonly issues: readonly DocumentIssue[]; readonly known: unknown } {
  const issues: DocumentIssue[] = [];
  const known = walk(document, words, []);
  return { issues, known };

  function walk(value: unknown, word: Word, path: DocumentPath): unknown {
    if (word.kind === 'list' && Array.isArray(value)) {
      return value.map((item, index) => walk(item, word.item, [...path, index]));
    }
    if (!isMapping(value) || word.kind === 'value' || word.kind === 'later' || word.kind === 'list') return value;
    const kept = Object.entries(value).flatMap(([name, inner]) => {
      const next = word.kind === 'section' ? wordOf(word, name) : namedItem(word, name);
      const issue = issueOf(word, name, next, [...path, name]);
      if (issue !== null) issues.push(issue);
      return issue === null && next !== null ? [[name, walk(inner, next, [...path, name])] as const] : [];
    });
    return Object.fromEntries(kept) satisfies Mapping;
  }

  function issueOf(word: Word, name: string, next: Word | null, path: DocumentPath): DocumentIssue | null {
    if (next?.kind === 'later') return { path, part: 'key', problem: 'is not supported by this version', found: '' };
    if (next !== null) return null;
    if (word.kind === 'named') {
      return { path, part: 'key', problem: `not ${word.name.what}`, found: name, allowed: word.name.allowed };
    }
    const nearest = word.kind === 'section' ? nearestField(name, word, words) : undefined;
    const choices = word.kind === 'section' && nearest === undefined ? { allowed: fieldNames(word).join(', ') } : {};
    return { path, part: 'key', problem: 'unknown field', found: name, ...(nearest ? { nearest } : choices) };
  }
}

function wordOf(section: Section, name: string): Word | null {
  if (Object.hasOwn(section.words, name)) return section.words[name] ?? null;
  const suffix = Object.keys(section.suffixes).find((one) => name.length > one.length && name.endsWith(one));
  return suffix === undefined ? null : (section.suffixes[suffix] ?? null);
}

function namedItem(word: Word & { readonly kind: 'named' }, name: string): Word | null {
  return word.name.pattern.test(name) ? word.item : null;
}

function fieldNames(section: Section): readonly string[] {
  const supported = Object.entries(section.words).filter(([, word]) => word.kind !== 'later');
  return [...supported.map(([name]) => name), ...Object.keys(section.suffixes).map((suffix) => `<measure>${suffix}`)];
}

/** The nearest word of this section; else the same word where it belongs, e.g. `execution.max_concurrency`. */
function nearestField(name: string, section: Section, root: Section): string | undefined {
  const here = nearestWord(name, Object.keys(section.words)) ?? nearestSuffix(name, section);
  return here ?? elsewhere(name, root.words, []);
}

/** `revenue_delta_expcted` → `revenue_delta_expected`: only the ending is ours to compare. */
function nearestSuffix(name: string, section: Section): string | undefined {
  for (const suffix of Object.keys(section.suffixes)) {
    const words = suffix.split('_').length - 1;
    const parts = name.split('_');
    const ending = `_${parts.slice(-words).join('_')}`;
    if (parts.length > words && nearestWord(ending, [suffix]) !== undefined) {
      return `${parts.slice(0, -words).join('_')}${suffix}`;
    }
  }
  return undefined;
}

function elsewhere(name: string, words: Words, path: DocumentPath): string | undefined {
  for (const [word, inner] of Object.entries(words)) {
    if (path.length > 0 && isSameWord(word, name)) return formatPath([...path, word]);
    const deeper = inner.kind === 'section' ? elsewhere(name, inner.words, [...path, word]) : undefined;
    if (deeper !== undefined) return deeper;
  }
  return undefined;
}
