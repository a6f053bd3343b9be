import type { BackfillSpec } from '../domain/backfill-spec.ts';
import type { DatasetContract } from '../domain/dataset-contract.ts';
import { formatName } from '../domain/names.ts';
import type { TableShape, ViewShape } from '../domain/table-shape.ts';
import { isSecurityInvoker } from '../domain/view-rights.ts';
import type { LocatedReader } from '../warehouse/postgres/direct-readers.ts';
import { readersWithoutKey, viewReaders } from '../warehouse/postgres/policy-facts.ts';
import type { Session } from '../warehouse/session.ts';
import { ident, qualified } from '../warehouse/sql.ts';

export interface DirectReaders {
  /** Who reads the base past the view. */
  readonly past: readonly LocatedReader[];
  /** Roles that a security_invoker view obliges to hold rights on the base. */
  readonly obliged: readonly LocatedReader[];
}

/** A role that reads such a view needs the base's rights for it: that is no reading past the view, unless the spec says that it is. */
export async function sortDirectReaders(
  session: Session,
  found: readonly LocatedReader[],
  view: ViewShape,
  spec: BackfillSpec,
): Promise<DirectReaders> {
  if (!isSecurityInvoker(view.options)) return { past: found, obliged: [] };
  const roles = found.filter(({ kind, name }) => kind === 'role' && !spec.publication.directReaders.includes(name));
  const may = await viewReaders(
    session,
    view.name,
    roles.map(({ oid }) => oid),
  );
  const obliged = roles.filter(({ oid }) => may.has(oid));
  return { past: found.filter((one) => !obliged.includes(one)), obliged };
}

export function obligedWarnings(obliged: readonly LocatedReader[], view: string, base: string): string[] {
  return obliged.map(
    ({ name }) =>
      `role ${name} reads view ${view} with its own rights, so it may read ${base} past it too: what it reads there is old until consolidation and mixed while that runs; where it does, name it in publication.direct_readers`,
  );
}

/** What a view with the rights of its readers asks of them once it has branches, and of us. */
export async function readerRights(
  session: Session,
  table: TableShape,
  view: ViewShape,
  contract: DatasetContract,
  overlay: string,
): Promise<{ readonly reasons: readonly string[]; readonly warnings: readonly string[] }> {
  const { key } = contract.partition;
  if (!isSecurityInvoker(view.options) || !view.plain || !table.columns.some(({ name }) => name === key))
    return { reasons: [], warnings: [] };
  const lacking = await readersWithoutKey(session, { base: table.name, view: view.name, key });
  return {
    reasons: lacking.map(
      ({ role }) =>
        `role ${role} reads view ${formatName(view.name)} with its own rights and may not read column ${key} of ${formatName(table.name)}, by which its branches are told apart: GRANT SELECT (${ident(key)}) ON ${qualified(table.name)} TO ${role}`,
    ),
    warnings: [
      `view ${formatName(view.name)} is security_invoker: whoever reads it gets SELECT on its columns in ${overlay}, and on dataset and backfill_id of governance.active_releases, before it is armed; clean-up takes back what was given`,
    ],
  };
}
