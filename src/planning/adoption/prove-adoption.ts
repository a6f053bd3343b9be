import pg from 'pg';
import type { AdoptionProof } from '../../domain/adoption.ts';
import type { QualifiedName } from '../../domain/names.ts';
import { readCarriedOver } from '../../warehouse/postgres/adoption/carried-over.ts';
import { readDirectReaders } from '../../warehouse/postgres/direct-readers.ts';
import type { Session } from '../../warehouse/session.ts';
import { withRollback } from '../../warehouse/session.ts';
import { qualified, sql } from '../../warehouse/sql.ts';
import type { ScriptParts } from './adoption-script.ts';
import { adoptionStatements } from './adoption-script.ts';

export interface ProofOf {
  readonly parts: ScriptParts;
  /** Relations that are replaced, as the server prints their names. */
  readonly replaced: readonly string[];
  /** Those of them that read the view with the rights of their owner. */
  readonly definers: readonly string[];
  /** Names afterwards. */
  readonly base: QualifiedName;
  readonly view: QualifiedName;
  readonly worker: string;
}

/**
 * Runs the script for a try and takes it back: that every statement is taken, that what is replaced keeps columns, owner, rights,
 * options, comments and indexes, that owners may read what they define, and that nobody else is left past the view.
 */
export async function proveAdoption(session: Session, of: ProofOf): Promise<AdoptionProof> {
  try {
    return await withRollback(session, () => runForATry(session, of));
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    const detail = `${error.message}${error.code === undefined ? '' : ` (${error.code})`}`;
    if (error.code === '42501')
      return { state: 'not proved', detail: `this role may not run it: ${detail}; try as administrator: --admin-url` };
    if (error.code === '55P03')
      return {
        state: 'not proved',
        detail: 'a lock was not granted in time, because somebody reads or writes; try again',
      };
    return { state: 'failed', detail };
  }
}

async function runForATry(
  session: Session,
  { parts, replaced, definers, base, view, worker }: ProofOf,
): Promise<AdoptionProof> {
  const before = await readCarriedOver(session, replaced);
  for (const statement of adoptionStatements(parts, true)) await session.change(sql(statement));
  const after = await readCarriedOver(session, replaced);
  const differing = replaced.filter((name) => before.get(name) !== after.get(name));
  if (differing.length > 0)
    return {
      state: 'failed',
      detail: `${differing.join(', ')} would not keep its columns, owner, rights, options, comments or indexes`,
    };
  const blind = await session.rows<{ name: string; owner: string }>(
    sql(
      `SELECT name, c.relowner::regrole::text AS owner FROM unnest($1::text[]) name JOIN pg_class c ON c.oid = name::regclass WHERE NOT has_any_column_privilege(c.relowner, $2::regclass, 'SELECT')`,
      definers,
      qualified(view),
    ),
  );
  if (blind.length > 0)
    return {
      state: 'failed',
      detail: blind.map(({ name, owner }) => `${owner}, who owns ${name}, could not read what it reads`).join(', '),
    };
  const expected = [...parts.plan.byHand, ...parts.plan.left].map(({ name }) => name);
  const stillPast = (await readDirectReaders(session, base, { view, worker })).filter(
    ({ name }) => !expected.includes(name),
  );
  if (stillPast.length > 0)
    return {
      state: 'failed',
      detail: `${stillPast.map(({ kind, name }) => `${kind} ${name}`).join(', ')} would still read the table past the view`,
    };
  return {
    state: 'proved',
    detail:
      'the script was run and rolled back (materialised views without their rows): every statement is taken, and everything that is replaced keeps columns, owner, rights, options, comments and indexes',
  };
}
