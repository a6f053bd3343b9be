import type { Document, YAMLError } from 'yaml';
import { visit } from 'yaml';
import type { Place, SpecProblem } from './spec-problem.ts';

/** What the YAML reader's codes mean to a person, and what to do about it. Others keep the reader's own sentence. */
const SENTENCES: Readonly<Record<string, readonly [problem: string, allowed?: string]>> = {
  DUPLICATE_KEY: ['the field is written twice', 'each field once'],
  MULTIPLE_DOCS: ['the file holds more than one document', 'one document a file, without "---" in between'],
  TAB_AS_INDENT: ['a tab is used as indentation', 'spaces'],
  TAG_RESOLVE_FAILED: ['tags are not understood here', 'the plain value, without "!"'],
  NON_STRING_KEY: ['the name of a field is not a word', 'a plain word before the colon'],
};

/** After these the tree is still the one the person meant, so that its fields are checked as well. */
const HARMLESS: readonly string[] = ['DUPLICATE_KEY', 'MULTIPLE_DOCS', 'TAG_RESOLVE_FAILED'];

/** Every complaint of the YAML reader; `broken` where the tree cannot be trusted. */
export function yamlProblems(
  document: Document,
  text: string,
  at: (offset: number) => Place,
): { readonly problems: readonly SpecProblem[]; readonly broken: boolean } {
  const place = (offset: number, problem: string, found = '', allowed?: string): SpecProblem => ({
    ...at(offset),
    path: '',
    problem,
    found,
    ...(allowed === undefined ? {} : { allowed }),
  });
  const undecodable = text.search(/[\0\uFFFD]/);
  if (undecodable >= 0) {
    const [problem, allowed] =
      text[undecodable] === '\0'
        ? ['the text holds a NUL character', 'text without it']
        : ['the text is not UTF-8', 'UTF-8; save the file again in that encoding'];
    return { problems: [place(undecodable, problem, '', allowed)], broken: true };
  }
  if (document.contents === null && document.errors.length === 0) {
    return { problems: [place(0, 'the document is empty', '', 'at least its required fields')], broken: true };
  }
  const complaints = [...document.errors, ...document.warnings];
  const problems = complaints.map((complaint) => {
    const [problem, allowed] = sentence(complaint);
    return place(complaint.pos[0], problem, excerpt(text, complaint.pos), allowed);
  });
  const unresolved = unresolvedAliases(document).map(({ offset, source }) =>
    place(offset, 'the alias has no anchor before it', `*${source}`, 'the value, written out'),
  );
  const broken = unresolved.length > 0 || complaints.some(({ code }) => !HARMLESS.includes(code));
  return { problems: [...problems, ...unresolved], broken };
}

function sentence(complaint: YAMLError): readonly [problem: string, allowed?: string] {
  const known = SENTENCES[complaint.code];
  if (known !== undefined) return known;
  if (complaint.message.startsWith('Maximum call stack')) {
    return ['the document is nested too deeply', 'a handful of levels'];
  }
  return [`not valid YAML: ${complaint.message}`];
}

/** The first line of what the reader points at, a field's name at most. */
function excerpt(text: string, [start, end]: readonly [number, number]): string {
  const word = /^[\w$*&!.:-]+/.exec(text.slice(start, start + 64))?.[0].replace(/:$/, '');
  return word ?? (text.slice(start, Math.max(end, start + 1)).split(/\r?\n/, 1)[0] ?? '').trim();
}

function unresolvedAliases(document: Document): readonly { readonly offset: number; readonly source: string }[] {
  const found: { offset: number; source: string }[] = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) === undefined) found.push({ offset: alias.range?.[0] ?? 0, source: alias.source });
    },
  });
  return found;
}
