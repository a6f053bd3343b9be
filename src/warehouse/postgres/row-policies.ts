import type { QualifiedName } from '../../domain/names.ts';
import type { RowPolicy, RowSecurity } from '../../domain/row-security.ts';
import type { ColumnShape } from '../../domain/table-shape.ts';
import type { Session } from '../session.ts';
import type { Sql } from '../sql.ts';
import { ident, inFormat, literal, qualified, sql } from '../sql.ts';

/** A table as the plan, or the catalogue, has it. */
export interface GuardedTable {
  readonly name: QualifiedName;
  readonly columns: readonly ColumnShape[];
  readonly rowSecurity: RowSecurity;
}

/**
 * The table's policies as they read on one of another name. A sub-query that refers to the row says the table's name, so the
 * server is asked to print the expressions for a stand-in: a temporary table of that name, with columns of the same numbers.
 * In a transaction of the caller's; the stand-in is left to it.
 */
export async function policiesOn(session: Session, table: GuardedTable, name: string): Promise<readonly RowPolicy[]> {
  for (const statement of standIn(table, name)) await session.change(statement);
  const printed = await session.rows<{ name: string; using: string }>(
    sql(
      `SELECT p.polname AS name, pg_get_expr(p.polqual, $3::regclass) AS using FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
        WHERE (c.relnamespace::regnamespace, c.relname) = (quote_ident($1)::regnamespace, $2)`,
      table.name.schema,
      table.name.name,
      standInName(name),
    ),
  );
  return table.rowSecurity.policies.map((policy) => ({
    ...policy,
    using: printed.find((one) => one.name === policy.name)?.using ?? policy.using,
  }));
}

export function standInName(name: string): string {
  return `pg_temp.${ident(name)}`;
}

/** Numbers of dropped columns are never given again: a gap is a column that is dropped at once. */
function standIn({ columns }: GuardedTable, name: string): Sql[] {
  const last = Math.max(...columns.map(({ number }) => number));
  const gaps: string[] = [];
  const definitions = Array.from({ length: last }, (_, index) => {
    const column = columns.find(({ number }) => number === index + 1);
    if (column !== undefined) return `${ident(column.name)} ${column.type}`;
    const gap = ident(`backfill_gap_${index + 1}`);
    gaps.push(gap);
    return `${gap} integer`;
  });
  return [
    sql(`CREATE TEMPORARY TABLE ${ident(name)} (${definitions.join(', ')})`),
    ...gaps.map((gap) => sql(`ALTER TABLE ${standInName(name)} DROP COLUMN ${gap}`)),
  ];
}

/** `relation` as SQL writes it. For reading alone: nobody but its maker writes an overlay. */
export function createPolicy(relation: string, { name, restrictive, roles, using }: RowPolicy): Sql {
  const to = roles.map((role) => (role === 'public' ? 'PUBLIC' : ident(role))).join(', ');
  return sql(
    `CREATE POLICY ${ident(name)} ON ${relation} AS ${restrictive ? 'RESTRICTIVE' : 'PERMISSIVE'} FOR SELECT TO ${to} USING (${using})`,
  );
}

/** Whoever has the rights of the base's owner sees every row of the base where policies are not forced on it; the overlay is another's. */
const OWNER_POLICY = 'backfill_owner_sees_every_row';

/** Flags and policies of the table, put on its overlay. */
export function guardOverlay(table: GuardedTable, overlay: QualifiedName, policies: readonly RowPolicy[]): Sql[] {
  const { enabled, forced } = table.rowSecurity;
  if (!enabled) return [];
  const relation = qualified(overlay);
  const ownerSees = `DO $do$ BEGIN
  EXECUTE format('CREATE POLICY ${OWNER_POLICY} ON ${inFormat(relation)} FOR SELECT TO %I USING (true)', (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = ${literal(qualified(table.name))}::regclass));
END $do$`;
  return [
    sql(`ALTER TABLE ${relation} ENABLE ROW LEVEL SECURITY`),
    ...(forced ? [sql(`ALTER TABLE ${relation} FORCE ROW LEVEL SECURITY`)] : [sql(ownerSees)]),
    ...policies.map((policy) => createPolicy(relation, policy)),
  ];
}
