import type { Session } from '../../session.ts';
import { sql } from '../../sql.ts';

/** A function or procedure that reads the base table. */
export interface ReadingFunction {
  readonly oid: number;
  /** `schema.name(types)`, as `regprocedure` takes it. */
  readonly signature: string;
  /** Quoted where needed. */
  readonly schema: string;
  readonly name: string;
  readonly language: string;
  /** Its body was parsed when it was made, so that it follows OIDs and can be printed back. */
  readonly isParsed: boolean;
  readonly isDefiner: boolean;
  readonly owner: string;
  /** `CREATE OR REPLACE …` without a semicolon. */
  readonly definition: string;
  readonly partitions: readonly string[];
}

export function readFunctions(
  session: Session,
  oids: readonly number[],
  partitions: readonly number[],
): Promise<ReadingFunction[]> {
  return session.rows<ReadingFunction>(
    sql(
      `SELECT p.oid, p.oid::regprocedure::text AS signature, quote_ident(n.nspname) AS schema, p.proname AS name, l.lanname AS language, p.prosqlbody IS NOT NULL AS "isParsed",
              p.prosecdef AS "isDefiner", quote_ident(pg_get_userbyid(p.proowner)) AS owner, pg_get_functiondef(p.oid) AS definition,
              coalesce((SELECT jsonb_agg(DISTINCT d.refobjid::regclass::text) FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                          AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY ($2::oid[])), '[]') AS partitions
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang WHERE p.oid = ANY ($1::oid[]) ORDER BY 2`,
      oids,
      partitions,
    ),
  );
}
