import type { PlannedDownstream } from '../domain/backfill-plan.ts';
import type { DatasetContract } from '../domain/dataset-contract.ts';
import { readViewDependants } from '../warehouse/postgres/dependants.ts';
import type { Session } from '../warehouse/session.ts';

/** Datasets made of this one: what the contract says of them, and what else the catalogue finds behind the published view. */
export async function plannedDownstream(
  session: Session,
  contract: Pick<DatasetContract, 'downstream' | 'publishedView' | 'owner'>,
): Promise<readonly PlannedDownstream[]> {
  const listed = contract.downstream.map((one): PlannedDownstream => ({ ...one, found: 'contract' }));
  const found = await readViewDependants(session, contract.publishedView);
  const unlisted = found.filter(({ name }) => !listed.some(({ dataset }) => dataset === name));
  return [
    ...listed,
    ...unlisted.map(({ name, owner, quoted, isMaterialised }): PlannedDownstream => {
      const refresh = isMaterialised ? `REFRESH MATERIALIZED VIEW ${quoted}` : null;
      return { dataset: name, owner, refresh, partitions: isMaterialised ? 'none' : 'same', found: 'catalogue' };
    }),
  ];
}
