/** The smallest pieces of an SQL text that matter to whoever embeds it; every character belongs to exactly one. */
export interface SqlToken {
  readonly kind:
    | 'space'
    | 'comment'
    | 'string'
    | 'quoted'
    | 'word'
    | 'number'
    /** `:name` where an expression may begin. */
    | 'placeholder'
    /** `$1`: PostgreSQL's own form. */
    | 'position'
    | 'symbol';
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** A literal, a quoted name or a comment whose end is missing. */
  readonly isOpen: boolean;
}

type Kind = SqlToken['kind'];

const LETTER = 'A-Za-z_\\u0080-\\uFFFF';
const SPACE = /\s+/y;
const LINE_COMMENT = /--[^\r\n]*/y;
const STRING = /'(?:[^']|'')*('?)/y;
const ESCAPE_STRING = /[eE]'(?:[^'\\]|\\[^]|'')*('?)/y;
/** A literal goes on after a line break: `E'a'` newline `'b'` is one literal, and the second part knows escapes as well. */
const CONTINUATION = /(?:[ \t\f\v]|--[^\n\r]*)*[\n\r](?:\s|--[^\n\r]*[\n\r])*(?=')/y;
const ESCAPE_TAIL = /'(?:[^'\\]|\\[^]|'')*('?)/y;
const QUOTED = /"(?:[^"]|"")*("?)/y;
const DOLLAR_TAG = new RegExp(`\\$(?:[${LETTER}][${LETTER}0-9]*)?\\$`, 'y');
const WORD = new RegExp(`[${LETTER}][${LETTER}0-9$]*`, 'y');
const NUMBER = /\d[\w.]*/y;
const POSITION = /\$\d+/y;
const PLACEHOLDER = /:[A-Za-z_]\w*/y;
const COLONS = /::|:=/y;

/** Cuts an SQL text by PostgreSQL's rules, with `standard_conforming_strings` on. */
export function sqlTokens(text: string): readonly SqlToken[] {
  const tokens: SqlToken[] = [];
  const brackets: string[] = [];
  let before: SqlToken | undefined;
  for (let start = 0; start < text.length;) {
    const token = nextToken(text, start, isSliceColon(text, start, brackets, before));
    if (token.kind === 'symbol') trackBrackets(brackets, token.text);
    if (token.kind !== 'space' && token.kind !== 'comment') before = token;
    tokens.push(token);
    start = token.end;
  }
  return tokens;
}

export function isMeaningful(token: SqlToken): boolean {
  return token.kind !== 'space' && token.kind !== 'comment';
}

/** Line and column of an offset, both from 1; a column counts UTF-16 units as editors do. */
export function positionIn(text: string, offset: number): { readonly line: number; readonly column: number } {
  const lines = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

/** In `a[lower:upper]` a colon after an operand parts two bounds; anywhere else an expression may begin with it. */
function isSliceColon(text: string, start: number, brackets: readonly string[], before: SqlToken | undefined): boolean {
  if (text[start] !== ':' || brackets.at(-1) !== '[' || before === undefined) return false;
  return before.kind !== 'symbol' || before.text === ')' || before.text === ']';
}

function trackBrackets(brackets: string[], symbol: string): void {
  if (symbol === '(' || symbol === '[') brackets.push(symbol);
  if (symbol === ')' || symbol === ']') brackets.pop();
}

function nextToken(text: string, start: number, isSlice: boolean): SqlToken {
  const make = (kind: Kind, end: number, isOpen = false): SqlToken => {
    return { kind, start, end, text: text.slice(start, end), isOpen };
  };
  const simple = (kind: Kind, pattern: RegExp): SqlToken | null => {
    const end = endOf(pattern, text, start);
    return end === null ? null : make(kind, end);
  };
  return (
    simple('space', SPACE) ??
    simple('comment', LINE_COMMENT) ??
    blockComment(text, start, make) ??
    escapeString(text, start, make) ??
    closed('string', STRING, text, start, make) ??
    closed('quoted', QUOTED, text, start, make) ??
    dollarString(text, start, make) ??
    simple('position', POSITION) ??
    simple('word', WORD) ??
    simple('number', NUMBER) ??
    simple('symbol', COLONS) ??
    (isSlice ? null : simple('placeholder', PLACEHOLDER)) ??
    make('symbol', start + 1)
  );
}

type Make = (kind: Kind, end: number, isOpen?: boolean) => SqlToken;

function endOf(pattern: RegExp, text: string, start: number): number | null {
  pattern.lastIndex = start;
  return pattern.test(text) ? pattern.lastIndex : null;
}

function closed(kind: Kind, pattern: RegExp, text: string, start: number, make: Make): SqlToken | null {
  pattern.lastIndex = start;
  const match = pattern.exec(text);
  return match === null ? null : make(kind, pattern.lastIndex, match[1] === '');
}

function escapeString(text: string, start: number, make: Make): SqlToken | null {
  let token = closed('string', ESCAPE_STRING, text, start, make);
  while (token !== null && !token.isOpen) {
    const next = endOf(CONTINUATION, text, token.end);
    if (next === null) return token;
    token = closed('string', ESCAPE_TAIL, text, next, make);
  }
  return token;
}

function dollarString(text: string, start: number, make: Make): SqlToken | null {
  const opened = endOf(DOLLAR_TAG, text, start);
  if (opened === null) return null;
  const tag = text.slice(start, opened);
  const end = text.indexOf(tag, opened);
  return end < 0 ? make('string', text.length, true) : make('string', end + tag.length);
}

function blockComment(text: string, start: number, make: Make): SqlToken | null {
  if (!text.startsWith('/*', start)) return null;
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start;
  let depth = 0;
  for (let match = edge.exec(text); match !== null; match = edge.exec(text)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return make('comment', edge.lastIndex);
  }
  return make('comment', text.length, true);
}
