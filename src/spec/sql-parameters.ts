import type { SqlToken } from './sql-lexer.ts';
import { isMeaningful, positionIn, sqlTokens } from './sql-lexer.ts';

export interface BoundSql {
  /** The statement with `$1`, `$2` … in place of names, without a closing semicolon and what follows it. */
  readonly text: string;
  /** The names that occur, in the order of `names`. */
  readonly used: readonly string[];
  readonly unknown: readonly UnknownParameter[];
}

/** A placeholder that is not among the names; `$1` in the text counts, because it would take the place of one. */
export interface UnknownParameter {
  readonly name: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Replaces `:name` by `$n`, n being the place of the name in `names`, or by the text `written` has in that place, such
 * as `$1::date`. Literals, quoted names and comments stay as they are.
 */
export function bindNamed(text: string, names: readonly string[], written?: readonly string[]): BoundSql {
  const tokens = statementTokens(text);
  const used = new Set<string>();
  const unknown: UnknownParameter[] = [];
  const parts = tokens.map((token, index) => {
    if (token.kind !== 'placeholder' && token.kind !== 'position') return token.text;
    const name = token.kind === 'placeholder' ? token.text.slice(1) : token.text;
    const position = token.kind === 'placeholder' ? names.indexOf(name) : -1;
    if (position < 0) {
      unknown.push({ name, ...positionIn(text, token.start) });
      return token.text;
    }
    used.add(name);
    // `between:a` is two tokens, `between$1` would be one name.
    return `${isGlued(tokens[index - 1]) ? ' ' : ''}${written?.[position] ?? `$${position + 1}`}`;
  });
  return { text: parts.join(''), used: names.filter((name) => used.has(name)), unknown };
}

function isGlued(before: SqlToken | undefined): boolean {
  return before?.kind === 'word' || before?.kind === 'number' || before?.kind === 'position';
}

/** Up to the last token that means something: a closing semicolon and trailing comments would break an embedding. */
function statementTokens(text: string): readonly SqlToken[] {
  const tokens = sqlTokens(text);
  const last = tokens.findLastIndex(isMeaningful);
  const end = tokens[last]?.text === ';' ? tokens.slice(0, last).findLastIndex(isMeaningful) : last;
  return tokens.slice(0, end + 1);
}

export { sqlProblems } from './sql-problems.ts';
export type { SqlKind } from './sql-problems.ts';
