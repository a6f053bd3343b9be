import { nearestWord } from './nearest-word.ts';
import type { SqlToken } from './sql-lexer.ts';
import { isMeaningful, positionIn, sqlTokens } from './sql-lexer.ts';
import type { SpecProblem } from './spec-problem.ts';

/** What a contract uses an SQL file for; decides its parameters. */
export type SqlKind = 'transform' | 'totals' | 'monitor' | 'probe';

/** The parameters of each kind, and whether they may be left out: a compiled model has none and is wrapped instead. */
const PARAMETERS: Readonly<
  Record<SqlKind, { readonly names: readonly string[]; readonly optional: boolean | 'each' }>
> = {
  transform: { names: ['partition_start', 'partition_end'], optional: true },
  totals: { names: ['range_start', 'range_end'], optional: false },
  monitor: { names: ['range_start', 'range_end', 'interval'], optional: 'each' },
  probe: { names: [], optional: true },
};

const BEGINNINGS = ['select', 'with', 'values'];
const CHANGES = ['insert', 'update', 'delete', 'merge'];
const LOCKS = ['update', 'share', 'no', 'key'];

/** What can be seen in an SQL file without a database: one read-only statement with the parameters of its kind. */
export function sqlProblems(text: string, kind: SqlKind, file: string): readonly SpecProblem[] {
  const tokens = sqlTokens(text);
  const meaningful = tokens.filter(isMeaningful);
  const at = (offset: number, problem: string, found = '', hint: Hint = {}): SpecProblem => {
    return { file, ...positionIn(text, offset), path: '', problem, found, ...hint };
  };
  const [first] = meaningful;
  if (first === undefined) return [at(0, 'the file holds no statement', '', { allowed: 'one SELECT' })];
  const open = tokens
    .filter((token) => token.isOpen)
    .map((token) => at(token.start, OPEN[token.kind] ?? 'has no end', token.text.slice(0, 20)));
  return [
    ...beginningProblems(first, at),
    ...statementProblems(meaningful, at),
    ...changeProblems(meaningful, at),
    ...parameterProblems(meaningful, kind, at),
    ...open,
  ];
}

interface Hint {
  readonly allowed?: string;
  readonly nearest?: string;
}

type At = (offset: number, problem: string, found?: string, hint?: Hint) => SpecProblem;

const OPEN: Readonly<Record<string, string>> = {
  string: 'a text literal without its end',
  quoted: 'a quoted name without its end',
  comment: 'a comment without its end',
};

function beginningProblems(first: SqlToken, at: At): readonly SpecProblem[] {
  if (first.text === '(' || isWord(first, BEGINNINGS)) return [];
  const allowed = 'SELECT, WITH, VALUES or an opening parenthesis';
  return [at(first.start, 'the statement is not a query: it begins with', first.text, { allowed })];
}

function statementProblems(tokens: readonly SqlToken[], at: At): readonly SpecProblem[] {
  const semicolon = tokens.findIndex((token) => token.text === ';');
  const next = semicolon < 0 ? undefined : tokens[semicolon + 1];
  return next === undefined ? [] : [at(next.start, 'more than one statement; the second begins with', next.text)];
}

/** A query that writes or locks: `with x as (delete …)`, `with … update`, `select … into`, `select … for update`. */
function changeProblems(tokens: readonly SqlToken[], at: At): readonly SpecProblem[] {
  return tokens.flatMap((token, index) => {
    const before = tokens[index - 1];
    const opens = before?.text === '(' || before?.text === ')';
    if (opens && isWord(token, CHANGES) && tokens[index + 1]?.kind !== 'symbol') {
      return [at(token.start, 'the statement changes data:', token.text, { allowed: 'reading only' })];
    }
    if (isWord(token, ['into']) && !(before !== undefined && isWord(before, CHANGES))) {
      return [at(token.start, 'the statement creates a table:', token.text, { allowed: 'reading only' })];
    }
    return before !== undefined && isWord(before, ['for']) && isWord(token, LOCKS)
      ? [at(before.start, 'the statement locks rows:', `${before.text} ${token.text}`, { allowed: 'reading only' })]
      : [];
  });
}

function parameterProblems(tokens: readonly SqlToken[], kind: SqlKind, at: At): readonly SpecProblem[] {
  const { names, optional } = PARAMETERS[kind];
  const allowed = names.length === 0 ? `no parameters in a ${kind}` : names.map((name) => `:${name}`).join(' and ');
  const placeholders = tokens.filter((token) => token.kind === 'placeholder' || token.kind === 'position');
  const unknown = placeholders
    .filter((token) => !names.includes(token.text.slice(1)))
    .map((token) => {
      const nearest = nearestWord(token.text.slice(1), names);
      return at(token.start, 'unknown parameter', token.text, nearest ? { nearest: `:${nearest}` } : { allowed });
    });
  const missing = names.filter((name) => !placeholders.some((token) => token.text === `:${name}`));
  const isComplete =
    optional === 'each' ||
    missing.length === 0 ||
    (optional && missing.length === names.length && unknown.length === 0);
  if (isComplete) return unknown;
  const used = placeholders.find((token) => names.includes(token.text.slice(1)));
  const problem = `the statement does not use ${missing.map((name) => `:${name}`).join(' and ')}`;
  const isExplained = missing.length === names.length && unknown.length > 0;
  return isExplained ? unknown : [...unknown, at(used?.start ?? 0, problem, '', { allowed: `both of ${allowed}` })];
}

function isWord(token: SqlToken, words: readonly string[]): boolean {
  return token.kind === 'word' && words.includes(token.text.toLowerCase());
}

/** An expression that is put between parentheses in a larger statement: it must not be able to leave them. */
export function expressionProblem(text: string): string | null {
  const tokens = sqlTokens(text);
  if (!tokens.some(isMeaningful)) return 'an empty expression';
  if (tokens.some((token) => token.isOpen)) return 'an expression with a literal or comment that has no end:';
  if (tokens.some((token) => token.kind === 'comment')) return 'an expression with a comment:';
  if (tokens.some((token) => token.text === ';')) return 'more than one expression:';
  if (tokens.some((token) => token.kind === 'placeholder' || token.kind === 'position')) {
    return 'an expression with a parameter:';
  }
  return isBalanced(tokens) ? null : 'an expression with unbalanced parentheses:';
}

const PAIRS: Readonly<Record<string, string>> = { ')': '(', ']': '[' };

function isBalanced(tokens: readonly SqlToken[]): boolean {
  const open: string[] = [];
  for (const { kind, text } of tokens) {
    if (kind !== 'symbol') continue;
    if (text === '(' || text === '[') open.push(text);
    if (text in PAIRS && open.pop() !== PAIRS[text]) return false;
  }
  return open.length === 0;
}
