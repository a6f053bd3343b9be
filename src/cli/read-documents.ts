import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { QualifiedName } from '../domain/names.ts';
import type { Documents } from '../planning/read-documents.ts';
import { crossCheck, unknownMeasures } from '../spec/cross-check.ts';
import { valueAt } from '../spec/document-path.ts';
import type { LoadedContractResult } from '../spec/load-contract.ts';
import { loadContract } from '../spec/load-contract.ts';
import type { Override } from '../spec/override.ts';
import { parseOverride } from '../spec/override.ts';
import type { ParsedSpec } from '../spec/parse-spec.ts';
import { parseSpec } from '../spec/parse-spec.ts';
import { readDocument } from '../spec/source-document.ts';
import { readSourceText } from '../spec/source-text.ts';
import type { SpecProblem } from '../spec/spec-problem.ts';
import { sortProblems } from '../spec/spec-problem.ts';
import { tableNameReader } from '../spec/sql-name.ts';
import type { Settings } from './settings.ts';
import { mayBeDirty } from './settings.ts';
import type { Surroundings } from './surroundings.ts';

export interface DocumentOptions {
  /** Folder of the contracts; where it is not given, what the configuration says. */
  readonly contracts?: string;
  /** `field=value`, each. */
  readonly set: readonly string[];
}

export interface SpecFile {
  readonly text: string;
  readonly overrides: readonly Override[];
  readonly parsed: ParsedSpec;
  /** Null where no contracts folder is known on this machine. */
  readonly contract: LoadedContractResult | null;
}

export type SpecFileRead =
  { readonly ok: true; readonly file: SpecFile } | { readonly ok: false; readonly problems: readonly SpecProblem[] };

/**
 * Reads a spec and, where a contracts folder is known, the contract of its dataset with all SQL files, and checks them
 * against each other. Every problem at once: a spec that is refused does not hide what is wrong with its contract.
 */
export async function readSpecFile(
  path: string,
  options: DocumentOptions,
  settings: Settings,
  { cwd, now }: Pick<Surroundings, 'cwd' | 'now'>,
): Promise<SpecFileRead> {
  const read = options.set.map(parseOverride);
  const overrides = read.flatMap((one) => (one.ok ? [one.override] : []));
  const badOverrides = read.flatMap((one) => (one.ok ? [] : [one.problem]));
  const source = await readSourceText(resolve(cwd, path), path);
  if (!source.ok) return { ok: false, problems: [...badOverrides, source.problem] };
  const today = now().toISOString().slice(0, 10);
  const parsed = parseSpec({ text: source.text, file: path }, overrides, today);
  const dataset = parsed.ok ? parsed.spec.target.table : datasetOf(source.text, path);
  const folder = contractsFolder(path, options, settings, cwd);
  const contract =
    dataset === null || folder === null
      ? null
      : await loadContract(folder, dataset, { allowDirty: mayBeDirty(settings, folder) });
  const crossed =
    parsed.ok && contract?.ok
      ? crossCheck(parsed.spec, contract.loaded.contract, { locate: parsed.locate, now: now() })
      : measuresOf(source.text, path, contract);
  if (parsed.ok && contract?.ok !== false && crossed.length === 0 && badOverrides.length === 0)
    return { ok: true, file: { text: source.text, overrides, parsed, contract } };
  const ofSpec = parsed.ok ? [] : parsed.problems;
  const ofContract = contract?.ok === false ? contract.problems : [];
  return { ok: false, problems: [...badOverrides, ...sortProblems([...ofSpec, ...crossed]), ...ofContract] };
}

/** What planning reads; null where the contract is not known on this machine. */
export function documentsOf({ parsed, contract }: SpecFile): Documents | null {
  if (contract === null) return null;
  return { spec: parsed.spec, parsed, loaded: contract.loaded };
}

/** Absolute: the option, the configuration, or a folder `contracts` beside the spec, in this order. */
function contractsFolder(path: string, options: DocumentOptions, { config }: Settings, cwd: string): string | null {
  if (options.contracts !== undefined) return resolve(cwd, options.contracts);
  if (config.contracts !== null) return config.contracts;
  const beside = resolve(cwd, dirname(path), 'contracts');
  return existsSync(beside) ? beside : null;
}

/** Of a spec that is refused for something else. */
function measuresOf(
  text: string,
  file: string,
  contract: Awaited<ReturnType<typeof loadContract>> | null,
): readonly SpecProblem[] {
  if (contract?.ok !== true) return [];
  const { value, locate } = readDocument({ text, file });
  return unknownMeasures(value, contract.loaded.contract, locate);
}

function datasetOf(text: string, file: string): QualifiedName | null {
  const name = tableNameReader.read(valueAt(readDocument({ text, file }).value, ['target', 'table']));
  return 'value' in name ? name.value : null;
}
