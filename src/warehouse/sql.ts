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

/** `a, b, c`, each quoted and optionally qualified: `old.a, old.b`. */
export function columns(names: readonly string[], alias?: string): string {
  return names.map((name) => (alias === undefined ? ident(name) : `${alias}.${ident(name)}`)).join(', ');
}
