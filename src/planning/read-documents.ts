import type { BackfillSpec } from '../domain/backfill-spec.ts';
import type { LoadedContract } from '../domain/dataset-contract.ts';
import type { Override } from '../spec/override.ts';
import { crossCheck } from '../spec/cross-check.ts';
import { loadContract } from '../spec/load-contract.ts';
import { parseSpec } from '../spec/parse-spec.ts';
import type { ParsedSpec } from '../spec/parse-spec.ts';
import type { DocumentSource } from '../spec/source-document.ts';
import { formatProblem } from '../spec/spec-problem.ts';

export interface ContractSource {
  readonly folder: string;
  readonly allowDirty: boolean;
}

/** Spec and contract, read with authority and checked against each other. */
export interface Documents {
  readonly spec: BackfillSpec;
  readonly parsed: ParsedSpec;
  readonly loaded: LoadedContract;
}

export type DocumentsRead =
  { readonly ok: true; readonly documents: Documents } | { readonly ok: false; readonly problems: readonly string[] };

/** Reads both documents and reports every problem of either, one line each. */
export async function readDocuments(
  source: DocumentSource,
  overrides: readonly Override[],
  contracts: ContractSource,
  now: Date,
): Promise<DocumentsRead> {
  const parsed = parseSpec(source, overrides, now.toISOString().slice(0, 10));
  if (!parsed.ok) return { ok: false, problems: parsed.problems.map(formatProblem) };
  const contract = await loadContract(contracts.folder, parsed.spec.target.table, { allowDirty: contracts.allowDirty });
  if (!contract.ok) return { ok: false, problems: contract.problems.map(formatProblem) };
  const crossed = crossCheck(parsed.spec, contract.loaded.contract, { locate: parsed.locate, now });
  if (crossed.length > 0) return { ok: false, problems: crossed.map(formatProblem) };
  return {
    ok: true,
    documents: { spec: parsed.spec, parsed, loaded: contract.loaded },
  };
}
