import { isMeaningful, sqlTokens } from './sql-lexer.ts';

/**
 * Whether a measure over several partitions is the sum of the measure over each: `sum(…)` or `count(…)` and nothing about
 * it, without DISTINCT. An average, a maximum or a count of different values is not.
 */
export function isAdditive(expression: string): boolean {
  const tokens = sqlTokens(expression)
    .filter(isMeaningful)
    .map(({ text }) => text.toLowerCase());
  const [name = '', open, first] = tokens;
  if (!['sum', 'count'].includes(name) || open !== '(' || first === 'distinct') return false;
  let depth = 0;
  const closes = tokens.findIndex((token) => {
    depth += token === '(' ? 1 : token === ')' ? -1 : 0;
    return token === ')' && depth === 0;
  });
  // What may follow narrows the rows, which adds up as well.
  return closes === tokens.length - 1 || tokens[closes + 1] === 'filter';
}
