import { resolve } from 'node:path';
import type { LoadedContract } from '../domain/dataset-contract.ts';
import type { QualifiedName } from '../domain/names.ts';
import { loadContract } from '../spec/load-contract.ts';
import { formatProblem } from '../spec/spec-problem.ts';
import { tableNameReader } from '../spec/sql-name.ts';
import { commandError } from './command-result.ts';
import { EXIT } from './exit-codes.ts';
import type { Settings } from './settings.ts';

/** The contract of the dataset that a command names, for its names of tables: nothing else of it may be used. */
export async function namedContract(
  options: { readonly dataset: string; readonly contracts?: string },
  { config }: Settings,
  cwd: string,
): Promise<LoadedContract['contract']> {
  const folder = options.contracts === undefined ? config.contracts : resolve(cwd, options.contracts);
  if (folder === null)
    throw commandError(
      EXIT.badInput,
      'the folder with the dataset contracts is not known: give --contracts or set BACKFILL_CONTRACTS',
    );
  const name = tableName(options.dataset, '--dataset');
  // Names of tables and roles are all that is taken from the contract here, so uncommitted SQL does no harm.
  const read = await loadContract(folder, name, { allowDirty: true });
  if (!read.ok) throw commandError(EXIT.badInput, read.problems.map(formatProblem).join('\n'));
  return read.loaded.contract;
}

/** A table's name as a person wrote it behind an option. */
export function tableName(text: string, option: string): QualifiedName {
  const read = tableNameReader.read(text);
  if ('value' in read) return read.value;
  throw commandError(EXIT.badInput, `${option} ${text}: ${read.problem}; allowed: ${tableNameReader.allowed}`);
}
