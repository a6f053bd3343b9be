import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';
import { ledgerGrants } from './scripts.ts';

/** Something that the worker's role may not do with the ledger, and has to. */
export interface MissingGrant {
  /** A table or function, as `governance.backfill_runs`. */
  readonly relation: string;
  readonly privilege: string;
}

/** Compares the grants of this version's script with what the current role may do: one row a relation and privilege that is missing. */
export function missingGrants(): Sql {
  return sql(
    `SELECT DISTINCT wanted.relation, wanted.privilege FROM jsonb_to_recordset($1::jsonb) AS wanted(relation text, privilege text, "column" text)
      WHERE NOT coalesce(CASE WHEN wanted.privilege = 'EXECUTE' THEN has_function_privilege(to_regprocedure(wanted.relation)::oid, 'EXECUTE')
                              WHEN wanted."column" IS NULL THEN has_table_privilege(to_regclass(wanted.relation)::oid, wanted.privilege)
                              ELSE has_column_privilege(to_regclass(wanted.relation)::oid, wanted."column", wanted.privilege) END, false)
      ORDER BY 1, 2`,
    JSON.stringify(wantedGrants()),
  );
}

interface WantedGrant extends MissingGrant {
  readonly column: string | null;
}

const GRANT = /^GRANT (.+?) ON (FUNCTION |SCHEMA |SEQUENCE |ALL )?(.+) TO /s;

/** Read from the script that grants them, so that the two cannot drift apart. */
function wantedGrants(): readonly WantedGrant[] {
  const statements = ledgerGrants('worker')
    .replace(/^--.*$/gm, '')
    .split(';')
    .map((statement) => statement.trim());
  return statements.flatMap((statement) => {
    const [, privileges = '', kind, objects = ''] = GRANT.exec(statement) ?? [];
    if (kind === 'FUNCTION ') return matches(objects, /governance\.\w+\([^)]*\)/g).map(executed);
    if (kind !== undefined) return [];
    const relations = matches(objects, /governance\.\w+/g);
    return relations.flatMap((relation) => tableGrants(relation, privileges));
  });
}

function executed(relation: string): WantedGrant {
  return { relation, privilege: 'EXECUTE', column: null };
}

/** `INSERT, DELETE`, or `UPDATE (state, fence)`: a privilege on columns counts once for each. */
function tableGrants(relation: string, privileges: string): WantedGrant[] {
  return [...privileges.matchAll(/([A-Z]+)(?:\s*\(([^)]*)\))?/g)].flatMap(([, privilege = '', list]) => {
    const columns = list === undefined ? [null] : list.split(',').map((column) => column.trim());
    return columns.map((column) => ({ relation, privilege, column }));
  });
}

function matches(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([found]) => found);
}
