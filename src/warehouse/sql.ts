import pg from 'pg';
import type { QualifiedName } from '../domain/names.ts';

/** One statement with its bound values: what builders return and sessions run. */
export interface Sql {
  readonly text: string;
  readonly values: readonly unknown[];
}

export function sql(text: string, ...values: readonly unknown[]): Sql {
  return { text, values };
}

/** A quoted identifier; never text from a document that was not resolved in the catalogue first. */
export function ident(name: string): string {
  return pg.escapeIdentifier(name);
}

export function qualified(name: QualifiedName): string {
  return `${ident(name.schema)}.${ident(name.name)}`;
}

/** A quoted literal, for DDL that takes no parameters. */
export function literal(value: string): string {
  return pg.escapeLiteral(value);
}

/** Text within the quotes of a literal that `format` or RAISE reads: their quote and their percent sign, doubled. */
export function inFormat(text: string): string {
  return text.replaceAll('%', '%%').replaceAll("'", "''");
}

/** A function takes a hundred arguments at most: fifty pairs. */
const PAIRS_A_CALL = 50;

/** A jsonb object of any number of named expressions. */
export function jsonObject(entries: readonly (readonly [name: string, expression: string])[]): string {
  const calls: string[] = [];
  for (let from = 0; from === 0 || from < entries.length; from += PAIRS_A_CALL) {
    const pairs = entries
      .slice(from, from + PAIRS_A_CALL)
      .map(([name, expression]) => `${literal(name)}, ${expression}`);
    calls.push(`jsonb_build_object(${pairs.join(', ')})`);
  }
  return calls.join(' || ');
}

/** `a, b, c`, each quoted and optionally qualified: `old.a, old.b`. */
export function columns(names: readonly string[], alias?: string): string {
  return names.map((name) => (alias === undefined ? ident(name) : `${alias}.${ident(name)}`)).join(', ');
}
