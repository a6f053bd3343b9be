import type { DatasetContract } from '../domain/dataset-contract.ts';
import { formatName } from '../domain/names.ts';
import type { Session } from '../warehouse/session.ts';
import type { Dependants } from '../warehouse/postgres/dependants.ts';
import { readDependants } from '../warehouse/postgres/dependants.ts';

export interface DependantFindings {
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
}

/** What hangs on the base table beside its readers: where writes may come from unseen, and where its rows go on to. */
export async function checkDependants(session: Session, contract: DatasetContract): Promise<DependantFindings> {
  const name = formatName(contract.dataset);
  const found = await readDependants(session, contract.dataset);
  return {
    reasons: [...uncapturable(found, name), ...found.foreignKeys.filter(({ action }) => action !== null).map(cascades)],
    warnings: [
      ...found.foreignKeys
        .filter(({ action }) => action === null)
        .map(
          ({ from, constraint }) =>
            `${from} refers to ${name} (${constraint}): a row that the corrected logic no longer yields, and that ${from} refers to, keeps consolidation from going on`,
        ),
      ...found.publications.map(
        (publication) =>
          `${name} is in publication ${publication}: its subscribers do not learn of the correction when readers are switched nor of a rollback; they get the changed rows at consolidation`,
      ),
      ...(Object.keys(contract.sourceTotals).length === 0
        ? [
            'the contract has no source_totals: where sources change after their partition was built and the live pipeline does not write the table, nothing notices it',
          ]
        : []),
    ],
  };
}

function uncapturable({ children, foreignLeaves }: Dependants, name: string): string[] {
  return [
    ...children.map(
      (child) =>
        `${child} inherits from ${name}: its rows are read with the table's, and what is written to it leaves no mark; make it a partition, or: ALTER TABLE ${child} NO INHERIT ${name}`,
    ),
    ...foreignLeaves.map(
      (leaf) =>
        `partition ${leaf} of ${name} is a foreign table: what is written to it elsewhere leaves no mark; this version refuses such tables`,
    ),
  ];
}

function cascades({ from, constraint, action }: Dependants['foreignKeys'][number]): string {
  return `${from} refers to the base table with ON DELETE ${action ?? ''} (${constraint}): consolidation deletes rows that the corrected logic does not yield, and would change ${from}; make the constraint ON DELETE NO ACTION`;
}
