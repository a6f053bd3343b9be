import pg from 'pg';

/** Data that is not as it should be, and constraints that are broken: the server quotes the row. */
const QUOTES_ROWS = /^(22|23)/;

/**
 * Takes out of a server's error what it quotes of a row, where the contract names personal columns: errors are shown and
 * recorded. What is left says which rule was broken, of which column or constraint. Answers the same error.
 */
export function hideValues(error: unknown, personal: readonly string[]): unknown {
  if (personal.length === 0 || !(error instanceof pg.DatabaseError) || !QUOTES_ROWS.test(error.code ?? ''))
    return error;
  error.detail = undefined;
  error.where = undefined;
  const { message } = error;
  if (error.code?.startsWith('22') === true) error.message = message.replace(/"[^]*"/, '"…"');
  error.stack = `${error.name}: ${error.message}`;
  return error;
}
