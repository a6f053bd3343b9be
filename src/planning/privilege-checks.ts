import type { BackfillSpec } from '../domain/backfill-spec.ts';
import type { DatasetContract } from '../domain/dataset-contract.ts';
import type { QualifiedName } from '../domain/names.ts';
import { formatName } from '../domain/names.ts';
import type { Session } from '../warehouse/session.ts';
import { ident, qualified, sql } from '../warehouse/sql.ts';

/** Each missing privilege with the statement that grants it, all at once. */
export async function privilegeReasons(
  session: Session,
  contract: DatasetContract,
  sources: readonly QualifiedName[],
  spec: BackfillSpec,
): Promise<string[]> {
  const { worker } = await session.one<{ worker: string }>(sql('SELECT current_user AS worker'));
  const reasons: string[] = [];
  const readable = new Map(
    [contract.dataset, contract.publishedView, ...sources, ...contract.referenceInputs].map((name) => [
      formatName(name),
      name,
    ]),
  );
  for (const [text, name] of readable) {
    const { exists, usage, select } = await session.one<{ exists: boolean; usage: boolean; select: boolean }>(
      sql(
        `SELECT c.oid IS NOT NULL AS exists, coalesce(has_schema_privilege(n.oid, 'USAGE'), false) AS usage, coalesce(has_table_privilege(c.oid, 'SELECT'), false) AS select
           FROM (VALUES ($1, $2)) wanted(schema, name) LEFT JOIN pg_namespace n ON n.nspname = wanted.schema LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name`,
        name.schema,
        name.name,
      ),
    );
    if (!exists) reasons.push(`${text}, which the contract names, does not exist`);
    else {
      if (!usage)
        reasons.push(
          `${worker} may not use schema ${name.schema}: GRANT USAGE ON SCHEMA ${ident(name.schema)} TO ${ident(worker)}`,
        );
      if (!select)
        reasons.push(`${worker} may not read ${text}: GRANT SELECT ON ${qualified(name)} TO ${ident(worker)}`);
    }
  }
  for (const schema of new Set([contract.dataset.schema, spec.rollback.snapshot.schema])) {
    const { create } = await session.one<{ create: boolean }>(
      sql(
        `SELECT coalesce((SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = $1), false) AS create`,
        schema,
      ),
    );
    if (!create)
      reasons.push(
        `${worker} may not create shadow or snapshot in schema ${schema}: GRANT USAGE, CREATE ON SCHEMA ${ident(schema)} TO ${ident(worker)}`,
      );
  }
  const { temporary, database } = await session.one<{ temporary: boolean; database: string }>(
    sql(`SELECT has_database_privilege(current_database(), 'TEMPORARY') AS temporary, current_database() AS database`),
  );
  if (!temporary)
    reasons.push(
      `${worker} may not create temporary tables, in which the rehearsal and the proofs work: GRANT TEMPORARY ON DATABASE ${ident(database)} TO ${ident(worker)}`,
    );
  const { statistics } = await session.one<{ statistics: boolean }>(
    sql(`SELECT pg_has_role('pg_read_all_stats', 'USAGE') AS statistics`),
  );
  if (!statistics)
    reasons.push(
      `${worker} may not see how long others have been at work, and could neither spare a writer nor wait for a reader: GRANT pg_read_all_stats TO ${ident(worker)}`,
    );
  const { superuser } = await session.one<{ superuser: boolean }>(
    sql('SELECT rolsuper AS superuser FROM pg_roles WHERE rolname = current_user'),
  );
  if (superuser)
    reasons.push(`${worker} is a superuser; a worker never is, or none of its limits hold: use a role of its own`);
  return reasons;
}
