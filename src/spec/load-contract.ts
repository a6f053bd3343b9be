import { basename } from 'node:path';
import type { LoadedContract } from '../domain/dataset-contract.ts';
import type { QualifiedName } from '../domain/names.ts';
import { formatName, sameName } from '../domain/names.ts';
import type { Revision } from './code-version.ts';
import { codeVersion, revisionOf } from './code-version.ts';
import { readContractFiles } from './contract-files.ts';
import type { UsedDefault } from './defaults.ts';
import { sha256 } from './fingerprint.ts';
import type { ContractFile } from './list-contracts.ts';
import { listContracts } from './list-contracts.ts';
import { nearestWord } from './nearest-word.ts';
import type { RefusedDocument } from './parse-spec.ts';
import type { Locate } from './source-document.ts';
import type { SpecProblem } from './spec-problem.ts';
import { sortProblems } from './spec-problem.ts';

export { listContracts } from './list-contracts.ts';

export interface LoadedContractResult {
  readonly ok: true;
  readonly loaded: LoadedContract;
  readonly defaults: readonly UsedDefault[];
  readonly locate: Locate;
  /** The contract's file. */
  readonly path: string;
}

/**
 * Reads the contract of a dataset and everything it names from one folder; `any` takes the folder's only contract.
 * Refused with every problem at once; also where git does not hold what was read, unless `allowDirty`.
 */
export async function loadContract(
  folder: string,
  dataset: QualifiedName | 'any',
  options: { readonly allowDirty: boolean },
): Promise<LoadedContractResult | RefusedDocument> {
  const listed = await listContracts(folder);
  if (!listed.ok) return listed;
  const [file, ...others] = listed.contracts.filter((one) => dataset === 'any' || isAbout(one, dataset));
  if (file === undefined) return { ok: false, problems: missing(folder, dataset, listed.contracts) };
  if (others.length > 0) return { ok: false, problems: ambiguous(folder, dataset, [file, ...others]) };
  return load(folder, file, options.allowDirty);
}

async function load(
  folder: string,
  { path, text, parsed }: ContractFile,
  allowDirty: boolean,
): Promise<LoadedContractResult | RefusedDocument> {
  if (!parsed.ok) return parsed;
  const { contract, locate, defaults } = parsed;
  const { files, problems } = await readContractFiles(folder, contract, locate);
  const revision = await revisionOf(folder, [basename(path), ...Object.keys(files)]);
  const isDirty = revision.kind !== 'clean';
  const unclean = isDirty && !allowDirty ? [uncleanProblem(folder, revision)] : [];
  if (problems.length + unclean.length > 0) return { ok: false, problems: sortProblems([...problems, ...unclean]) };
  const version = codeVersion(revision, contract, files);
  const loaded = { contract, files, sha256: sha256(text), codeVersion: version, dirty: isDirty };
  return { ok: true, loaded, defaults, locate, path };
}

function isAbout(file: ContractFile, dataset: QualifiedName): boolean {
  return file.dataset !== null && sameName(file.dataset, dataset);
}

function uncleanProblem(folder: string, revision: Exclude<Revision, { readonly kind: 'clean' }>): SpecProblem {
  const way = 'a committed tree; or BACKFILL_ALLOW_DIRTY_CONTRACTS=1, and the plan says that it was used';
  if (revision.kind === 'unversioned') {
    return folderProblem(folder, `the contracts folder has no git revision (${revision.reason})`, way);
  }
  const shown = revision.changes.slice(0, 5).join(', ');
  const more = revision.changes.length > 5 ? ` and ${revision.changes.length - 5} more` : '';
  return folderProblem(folder, `the contracts folder has uncommitted changes (${shown}${more})`, way);
}

function missing(
  folder: string,
  dataset: QualifiedName | 'any',
  contracts: readonly ContractFile[],
): readonly SpecProblem[] {
  const known = contracts.flatMap((one) => (one.dataset === null ? [] : [formatName(one.dataset)]));
  const allowed = known.length === 0 ? 'a file *.contract.yaml in this folder' : known.join(', ');
  const wanted = dataset === 'any' ? '' : formatName(dataset);
  const nearest = nearestWord(wanted, known);
  const problem: SpecProblem = {
    ...folderProblem(folder, dataset === 'any' ? 'no contract in the folder' : 'no contract for the dataset', allowed),
    found: wanted,
    ...(nearest === undefined ? {} : { nearest }),
  };
  // One that cannot be read may be the one that is looked for.
  const unreadable = contracts
    .filter((one) => one.dataset === null)
    .flatMap(({ parsed }) => (parsed.ok ? [] : parsed.problems));
  return [problem, ...unreadable];
}

function ambiguous(
  folder: string,
  dataset: QualifiedName | 'any',
  contracts: readonly ContractFile[],
): readonly SpecProblem[] {
  if (dataset === 'any') {
    const names = contracts.map((one) => (one.dataset === null ? basename(one.path) : formatName(one.dataset)));
    return [folderProblem(folder, 'several contracts in the folder; name the dataset', names.join(', '))];
  }
  const [first, ...others] = contracts;
  return others.map(({ path, parsed }) => ({
    ...(parsed.ok ? parsed.locate(['dataset']) : { file: path, line: 0, column: 0 }),
    path: 'dataset',
    problem: `a second contract for the dataset; the first is ${first?.path ?? folder}:`,
    found: formatName(dataset),
    allowed: 'one contract a dataset',
  }));
}

function folderProblem(folder: string, problem: string, allowed: string): SpecProblem {
  return { file: folder, line: 0, column: 0, path: '', problem, found: '', allowed };
}
