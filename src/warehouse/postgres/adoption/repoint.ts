import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { QualifiedName } from '../../../domain/names.ts';
import type { Session } from '../../session.ts';
import { ident, qualified, sql } from '../../sql.ts';
import { nameReferences } from './name-references.ts';
import type { ReadingFunction } from './reading-functions.ts';
import type { ReadingRelation } from './reading-relations.ts';

/** A definition that reads the view instead of the base, or why there is none. */
export type Repointed = { readonly definition: string } | { readonly reason: string };

export interface RepointTarget {
  readonly base: QualifiedName;
  /** The base table and its partitions. */
  readonly tables: readonly number[];
  /** What the view shows, quoted where needed. */
  readonly columns: readonly string[];
  /** The view shows every column of the base, in its order. */
  readonly isWhole: boolean;
  /** The view as the server prints its name. It need not exist yet. */
  readonly view: string;
  /** Names of view and base without their schemas, quoted where needed. */
  readonly names: readonly string[];
}

/**
 * Definitions are not edited as text: a name in a literal, an alias or a type is no reference. The server prints them so that
 * they name the base without its schema, reads them again where a stand-in of that name comes first, and prints what it
 * understood after the stand-in was given a name that occurs nowhere else; only that name is replaced. Runs in a
 * transaction that is rolled back, needs no right on the readers, and executes none of them.
 */
export function repointRelation(session: Session, target: RepointTarget, reader: ReadingRelation): Promise<Repointed> {
  return tryOne(session, target, (tries) => overStandInRelation(tries, reader));
}

/** The same for a function or procedure whose body was parsed. */
export function repointRoutine(session: Session, target: RepointTarget, reader: ReadingFunction): Promise<Repointed> {
  return tryOne(session, target, (tries) => overStandInRoutine(tries, reader));
}

interface Tries {
  readonly session: Session;
  readonly target: RepointTarget;
  readonly token: string;
}

async function tryOne(
  session: Session,
  target: RepointTarget,
  attempt: (tries: Tries) => Promise<Repointed>,
): Promise<Repointed> {
  const token = `standin_${randomBytes(12).toString('hex')}`;
  await session.change(sql('SAVEPOINT repoint'));
  try {
    return await attempt({ session, target, token });
  } catch (error) {
    // What the server says against the definition; a timeout or a lost connection says nothing about it.
    if (!(error instanceof pg.DatabaseError) || !/^(42|0A)/.test(error.code ?? '')) throw error;
    return { reason: inWords(error) };
  } finally {
    await session.change(sql('ROLLBACK TO SAVEPOINT repoint'));
  }
}

async function overStandInRelation(tries: Tries, reader: ReadingRelation): Promise<Repointed> {
  const { session, token } = tries;
  const probe = `${token}_reader`;
  const printed = await printedBesideBase<{ text: string }>(
    tries,
    'SELECT pg_get_viewdef($1::oid) AS text',
    reader.oid,
  );
  await makeStandIn(tries);
  await session.change(sql(`CREATE TEMPORARY VIEW ${ident(probe)} AS ${printed.text}`));
  const { past, same } = await session.one<{ past: boolean; same: boolean }>(
    sql(
      `SELECT EXISTS (SELECT FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
                       WHERE r.ev_class = $1::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY ($3::oid[])) AS past,
              (SELECT array_agg((attname, atttypid, atttypmod, attcollation)::text ORDER BY attnum) FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0)
              = (SELECT array_agg((attname, atttypid, atttypmod, attcollation)::text ORDER BY attnum) FROM pg_attribute WHERE attrelid = $2::oid AND attnum > 0) AS same`,
      `pg_temp.${ident(probe)}`,
      reader.oid,
      tries.target.tables,
    ),
  );
  if (past) return { reason: STILL_PAST };
  if (!same)
    return { reason: 'its columns would have other types over the view, which CREATE OR REPLACE does not allow' };
  await nameStandIn(tries);
  const { text } = await session.one<{ text: string }>(
    sql('SELECT pg_get_viewdef($1::regclass) AS text', `pg_temp.${ident(probe)}`),
  );
  return named(tries, text);
}

async function overStandInRoutine(tries: Tries, reader: ReadingFunction): Promise<Repointed> {
  const { session } = tries;
  const { text: printed } = await printedBesideBase<{ text: string }>(
    tries,
    'SELECT pg_get_functiondef($1::oid) AS text',
    reader.oid,
  );
  const [head] = /^CREATE OR REPLACE (FUNCTION|PROCEDURE) /.exec(printed) ?? [];
  const start = `${head}${reader.schema}.`;
  if (head === undefined || !printed.startsWith(start)) return { reason: 'its definition does not begin as expected' };
  await makeStandIn(tries);
  // Under its own name, because parameters are printed behind the name of their function.
  await session.change(sql(`${head}pg_temp.${printed.slice(start.length)}`));
  const made = await session.one<{ oid: number; past: boolean; same: boolean }>(
    sql(
      `SELECT p.oid, (p.proargtypes::oid[], p.prorettype, p.proallargtypes) IS NOT DISTINCT FROM (o.proargtypes::oid[], o.prorettype, o.proallargtypes) AS same,
              EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY ($3::oid[])) AS past
         FROM pg_proc p, pg_proc o WHERE p.proname = $1 AND p.pronamespace = pg_my_temp_schema() AND o.oid = $2::oid`,
      reader.name,
      reader.oid,
      tries.target.tables,
    ),
  );
  if (made.past) return { reason: STILL_PAST };
  if (!made.same)
    return {
      reason: 'its arguments or its result have the row type of the table, and would have another over the view',
    };
  await nameStandIn(tries);
  const { text } = await session.one<{ text: string }>(sql('SELECT pg_get_functiondef($1::oid) AS text', made.oid));
  return named(
    tries,
    text.replace(/^.*? pg_temp(?:_\d+)?\./, () => start),
  );
}

const STILL_PAST =
  'it reads the table under a name that something else in its definition has too (a WITH query, a partition), so that the reference cannot be told apart';

/** The definition as it prints where the base needs no schema before its name. */
async function printedBesideBase<T>({ session, target }: Tries, query: string, oid: number): Promise<T> {
  await session.change(sql(`SET LOCAL search_path = ${ident(target.base.schema)}`));
  return session.one<T>(sql(query, oid));
}

/** Temporary relations come first on every search path. */
async function makeStandIn({ session, target }: Tries): Promise<void> {
  await session.change(
    sql(
      `CREATE TEMPORARY VIEW ${ident(target.base.name)} AS SELECT ${target.columns.join(', ')} FROM ${qualified(target.base)}`,
    ),
  );
}

async function nameStandIn({ session, target, token }: Tries): Promise<void> {
  await session.change(sql(`ALTER VIEW pg_temp.${ident(target.base.name)} RENAME TO ${ident(token)}`));
  await session.change(sql('SET LOCAL search_path = pg_catalog, pg_temp'));
}

function named({ target, token }: Tries, text: string): Repointed {
  if (/ FOR (NO KEY UPDATE|UPDATE|KEY SHARE|SHARE)\b/.test(text))
    return { reason: 'it locks rows, which a view of several branches does not pass on' };
  if (new RegExp(` ONLY (pg_temp(_\\d+)?\\.)?${token}\\b`).test(text))
    return { reason: 'it reads the table without its partitions (ONLY), which a view does not tell apart' };
  if (!target.isWhole && text.includes('.*'))
    return { reason: 'it uses whole rows of the table, of which the view shows other columns' };
  const definition = nameReferences(text, { token, view: target.view, names: target.names });
  return definition === null ? { reason: STILL_PAST } : { definition };
}

const WORDS: Readonly<Record<string, string>> = {
  '42703': 'it uses a column that the view does not show',
  '42803': 'it groups by the primary key of the table and selects other columns beside, which only a table allows',
  '42501': 'this role may not read its definition again; draw the plan up as administrator (--admin-url)',
};

/** The server's own message stands behind ours: it names the column. */
function inWords(error: pg.DatabaseError): string {
  const words = WORDS[error.code ?? ''] ?? 'the server does not take its definition over the view';
  return `${words} (${error.message})`;
}
