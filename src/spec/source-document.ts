import { LineCounter, isAlias, isCollection, isMap, isNode, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document, Node, Pair } from 'yaml';
import type { DocumentPath } from './document-path.ts';
import { isMapping, parsePath, showValue } from './document-path.ts';
import type { Place, SpecProblem } from './spec-problem.ts';
import { yamlProblems } from './yaml-problems.ts';

/** YAML text, or a value that was JSON and has no positions. `file` is the name that messages use. */
export type DocumentSource =
  { readonly text: string; readonly file: string } | { readonly value: unknown; readonly file: string };

/** Where a field stands: its value, or its key. A field that is not there is placed at the nearest parent that is. */
export type Locate = (path: DocumentPath | string, part?: 'value' | 'key') => Place;

export interface SourceDocument {
  readonly value: unknown;
  readonly locate: Locate;
  readonly problems: readonly SpecProblem[];
  /** The text could not be understood as a tree, so its fields are not worth checking. */
  readonly broken: boolean;
}

/** Two documents of this product never name a node twice; a hundred expansions is generous, a bomb needs thousands. */
const ALIAS_LIMIT = 100;

export function readDocument(source: DocumentSource): SourceDocument {
  const document = 'text' in source ? readYaml(source.text, source.file) : readValue(source.value, source.file);
  if (document.broken || isMapping(document.value)) return document;
  const problem = 'the document is not a mapping of fields';
  const found = showValue(document.value);
  const problems = [{ ...document.locate([]), path: '', problem, found, allowed: 'lines of the form "field: value"' }];
  return { ...document, problems: [...document.problems, ...problems], broken: true };
}

function readValue(value: unknown, file: string): SourceDocument {
  return { value, locate: () => ({ file, line: 0, column: 0 }), problems: [], broken: false };
}

function readYaml(text: string, file: string): SourceDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    version: '1.2',
    // Named outright so that a %YAML 1.1 line cannot turn dates into instants and `yes` into true.
    schema: 'core',
    resolveKnownTags: false,
    merge: false,
    stringKeys: true,
    // At `silent` a second document would go unnoticed.
    logLevel: 'error',
  });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const found = yamlProblems(document, text, at);
  if (found.broken) return { value: null, locate: () => at(0), problems: found.problems, broken: true };
  const locate: Locate = (path, part = 'value') => at(offsetOf(document, toPath(path), part));
  try {
    const value: unknown = document.toJS({ maxAliasCount: ALIAS_LIMIT });
    return { value, locate, problems: found.problems, broken: false };
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    const problem = 'aliases expand to more than the document may hold';
    const allowed = `at most ${ALIAS_LIMIT} expansions; write the values out`;
    const problems = [...found.problems, { ...at(0), path: '', problem, found: '', allowed }];
    return { value: null, locate, problems, broken: true };
  }
}

function toPath(path: DocumentPath | string): DocumentPath {
  return typeof path === 'string' ? (parsePath(path) ?? [path]) : path;
}

function offsetOf(document: Document, path: DocumentPath, part: 'value' | 'key'): number {
  let node: unknown = document.contents;
  let key: Node | null = null;
  for (const [index, step] of path.entries()) {
    const container = isAlias(node) ? node.resolve(document) : node;
    const next = isMap(container)
      ? container.items.find((pair) => isScalar(pair.key) && pair.key.value === String(step))
      : undefined;
    const item = isSeq(container) && typeof step === 'number' ? container.items[step] : undefined;
    if (next === undefined && !isNode(item)) return startOf(key ?? document.contents);
    if (next !== undefined) key = keyOf(next);
    else key = isNode(item) ? item : key;
    node = next === undefined ? item : next.value;
    if (index === path.length - 1 && part === 'key') return startOf(key);
  }
  return isNode(node) && !isCollection(node) && !isEmpty(node) ? startOf(node) : startOf(key ?? document.contents);
}

function keyOf(pair: Pair): Node | null {
  return isNode(pair.key) ? pair.key : null;
}

/** `field:` with nothing after it has a value of no width; its key is the better place to point at. */
function isEmpty(node: Node): boolean {
  return node.range !== undefined && node.range !== null && node.range[0] === node.range[1];
}

function startOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}
