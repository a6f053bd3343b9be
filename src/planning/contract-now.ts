import type { QualifiedName } from '../domain/names.ts';
import { loadContract } from '../spec/load-contract.ts';
import { formatProblem } from '../spec/spec-problem.ts';
import type { ContractNow } from './extended-logic.ts';
import type { ContractSource } from './read-documents.ts';

/** The contract as the folder holds it at this moment, whatever a plan froze of it. */
export async function contractNow(contracts: ContractSource, dataset: QualifiedName): Promise<ContractNow> {
  const read = await loadContract(contracts.folder, dataset, { allowDirty: contracts.allowDirty });
  return read.ok ? read : { ok: false, problems: read.problems.map(formatProblem) };
}
