/**
 * Whether a measure of all rows is the sum of the same measure over parts of them, so that its change can be attributed:
 * sums and counts, filtered or not, added to and subtracted from each other. Averages, ratios, extremes and distinct counts
 * are not; neither is what this cannot read.
 */
export function isAdditive(expression: string): boolean {
  const text = expression.trim();
  const inner = enclosed(text);
  if (inner !== null) return isAdditive(inner);
  const terms = splitAt(text, ['+', '-']);
  if (terms.length > 1) return terms.every((term) => isAdditive(term));
  return isTerm(text);
}

function isTerm(text: string): boolean {
  const uncast = text.replace(/::\s*(numeric|bigint)$/i, '').trim();
  if (uncast !== text) return isAdditive(uncast);
  const call = /^(\w+)\s*\(/.exec(text);
  if (call === null) return false;
  const open = call[0].length - 1;
  const close = closing(text, open);
  if (close === null) return false;
  const inside = text.slice(open + 1, close);
  const name = (call[1] ?? '').toLowerCase();
  const after = text.slice(close + 1).trim();
  if (name === 'coalesce' && after === '') {
    const [value = '', fallback = '', ...more] = splitAt(inside, [',']);
    return more.length === 0 && /^\s*0(\.0*)?\s*$/.test(fallback) && isAdditive(value);
  }
  if (name !== 'sum' && name !== 'count') return false;
  return !/^\s*distinct\b/i.test(inside) && (after === '' || isFilter(after));
}

function isFilter(text: string): boolean {
  const open = /^filter\s*\(/i.exec(text)?.[0].length;
  return open !== undefined && closing(text, open - 1) === text.length - 1;
}

/** What stands between a pair of parentheses around the whole text; null where there is no such pair. */
function enclosed(text: string): string | null {
  return text.startsWith('(') && closing(text, 0) === text.length - 1 ? text.slice(1, -1) : null;
}

function closing(text: string, open: number): number | null {
  let depth = 0;
  for (const [at, character] of unquoted(text)) {
    if (at < open) continue;
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (depth === 0) return at;
  }
  return null;
}

/** Parts between separators that stand in no parentheses and no quotes. */
function splitAt(text: string, separators: readonly string[]): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (const [at, character] of unquoted(text)) {
    if (character === '(' || character === '[') depth += 1;
    if (character === ')' || character === ']') depth -= 1;
    if (depth > 0 || !separators.includes(character)) continue;
    parts.push(text.slice(from, at));
    from = at + 1;
  }
  return [...parts, text.slice(from)];
}

function* unquoted(text: string): Generator<readonly [at: number, character: string]> {
  let quote: string | null = null;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (quote !== null) quote = character === quote ? null : quote;
    else if (character === "'" || character === '"') quote = character;
    else yield [at, character];
  }
}
