import type { DatasetContract } from '../../domain/dataset-contract.ts';
import type { DirectReader, TableShape } from '../../domain/table-shape.ts';
import { readTable, readView, viewWriters } from '../../warehouse/postgres/catalogue.ts';
import { readDirectReaders } from '../../warehouse/postgres/direct-readers.ts';
import type { Session } from '../../warehouse/session.ts';
import { withRollback } from '../../warehouse/session.ts';
import { qualified } from '../../warehouse/sql.ts';
import { formatName } from '../../domain/names.ts';
import { adoptedViewReasons } from './adopted-view.ts';

/** How far an adoption is. */
export interface AdoptionCheck {
  readonly dataset: string;
  readonly view: string;
  /** Every reader goes through the view, and nobody writes through it. */
  readonly complete: boolean;
  readonly readers: readonly DirectReader[];
  /** Readers that stay past the view because somebody said so. */
  readonly left: readonly DirectReader[];
  /** Why table and view are not yet what a backfill needs, each with its remedy. */
  readonly problems: readonly string[];
}

/** Looks and changes nothing. */
export async function checkAdoption(
  session: Session,
  contract: Pick<DatasetContract, 'dataset' | 'publishedView'>,
  { worker, leave }: { readonly worker: string; readonly leave: readonly string[] },
): Promise<AdoptionCheck> {
  return withRollback(session, async () => {
    const { dataset, publishedView } = contract;
    const table = await readTable(session, dataset);
    const view = await readView(session, publishedView, dataset);
    const problems = [...tableProblems(table, formatName(dataset)), ...adoptedViewReasons(view, contract)];
    const found = table === null ? [] : await readDirectReaders(session, dataset, { view: publishedView, worker });
    const writers = view === null ? [] : await session.rows<{ role: string }>(viewWriters(publishedView));
    const named = found.map(({ kind, name }): DirectReader => ({ kind, name }));
    const readers = named.filter(({ name }) => !leave.includes(name));
    const all = [
      ...problems,
      ...writers.map(
        ({ role }) =>
          `role ${role} may write through ${formatName(publishedView)}; let it write ${formatName(dataset)}, then: REVOKE INSERT, UPDATE, DELETE ON ${qualified(publishedView)} FROM ${role}`,
      ),
    ];
    return {
      dataset: formatName(dataset),
      view: formatName(publishedView),
      complete: readers.length === 0 && all.length === 0,
      readers,
      left: named.filter(({ name }) => leave.includes(name)),
      problems: all,
    };
  });
}

function tableProblems(table: TableShape | null, name: string): string[] {
  if (table === null) return [`table ${name} does not exist; correct dataset in the contract`];
  return table.kind === 'r' || table.kind === 'p'
    ? []
    : [`${name} is not a table; where the view took its name, the contract has to name the table behind it`];
}
