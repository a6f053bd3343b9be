import { resolve } from 'node:path';
import type { LoadedContract } from '../../domain/dataset-contract.ts';
import type { QualifiedName } from '../../domain/names.ts';
import { formatName } from '../../domain/names.ts';
import type { InstallOptions } from '../../ledger/install.ts';
import { install, printScript } from '../../ledger/install.ts';
import { loadContract } from '../../spec/load-contract.ts';
import { formatProblem } from '../../spec/spec-problem.ts';
import { tableNameReader } from '../../spec/sql-name.ts';
import type { CommandResult } from '../command-result.ts';
import { commandError } from '../command-result.ts';
import { EXIT } from '../exit-codes.ts';
import type { Settings } from '../settings.ts';
import { loadSettings } from '../settings.ts';
import type { Surroundings } from '../surroundings.ts';
import { connectFailure } from '../with-warehouse.ts';

export interface InstallCommandOptions {
  readonly dataset: string;
  readonly contracts?: string;
  /** `env:NAME`, or the URL itself; where it is not given, the local stack's. */
  readonly adminUrl?: string;
  /** Shows the script instead of running it. */
  readonly print: boolean;
  /** Role that backfills work with; where it is not given, that of the warehouse URL. */
  readonly worker?: string;
  readonly ledgerOwner: string;
}

/** Migrates the ledger and installs the elevated functions of one dataset, as an administrator of the warehouse. */
export async function installDataset(
  options: InstallCommandOptions,
  surroundings: Surroundings,
): Promise<CommandResult> {
  const settings = loadSettings(surroundings);
  const adminUrl = adminUrlOf(options, settings);
  const contract = await contractOf(options, settings, surroundings.cwd);
  const what: InstallOptions = {
    dataset: contract.dataset,
    view: contract.publishedView,
    partitionKey: contract.partition.key,
    worker: workerOf(options, settings),
    ledgerOwner: options.ledgerOwner,
  };
  const dataset = formatName(what.dataset);
  try {
    if (options.print) {
      const script = await printScript(adminUrl, what);
      return { exitCode: EXIT.done, text: script, json: { dataset, script } };
    }
    const done = await install(adminUrl, what);
    const text = [
      `Installed for ${dataset}, to be used by role ${what.worker}:`,
      ...done.map((line) => `- ${line}`),
    ].join('\n');
    return { exitCode: EXIT.done, text, json: { dataset, worker: what.worker, done } };
  } catch (error) {
    throw connectFailure(error, adminUrl) ?? error;
  }
}

function adminUrlOf({ adminUrl }: InstallCommandOptions, { config, stack }: Settings): string {
  if (adminUrl === undefined) {
    if (stack !== null) return stack.adminUrl;
    throw commandError(
      EXIT.badInput,
      'no administrator of the warehouse is known: give --admin-url env:NAME, where NAME is a variable with its PostgreSQL URL',
    );
  }
  if (!adminUrl.startsWith('env:')) return checkedUrl(adminUrl, '--admin-url');
  const secret = config.secret(adminUrl);
  if (secret === null)
    throw commandError(EXIT.badInput, `--admin-url ${adminUrl}: the variable ${adminUrl.slice(4)} is not set`);
  return checkedUrl(secret.reveal(), adminUrl);
}

/** The text is never repeated: it may hold a password. */
function checkedUrl(url: string, named: string): string {
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return url;
  throw commandError(
    EXIT.badInput,
    `${named} is no PostgreSQL URL; allowed: postgres://user@host:port/database, or env:NAME`,
  );
}

async function contractOf(
  options: InstallCommandOptions,
  { config }: Settings,
  cwd: string,
): Promise<LoadedContract['contract']> {
  const folder = options.contracts === undefined ? config.contracts : resolve(cwd, options.contracts);
  if (folder === null)
    throw commandError(
      EXIT.badInput,
      'the folder with the dataset contracts is not known: give --contracts or set BACKFILL_CONTRACTS',
    );
  const name = datasetName(options.dataset);
  // Names of tables and roles are all that is taken from the contract here, so uncommitted SQL does no harm.
  const read = await loadContract(folder, name, { allowDirty: true });
  if (!read.ok) throw commandError(EXIT.badInput, read.problems.map(formatProblem).join('\n'));
  return read.loaded.contract;
}

function datasetName(text: string): QualifiedName {
  const read = tableNameReader.read(text);
  if ('value' in read) return read.value;
  throw commandError(EXIT.badInput, `--dataset ${text}: ${read.problem}; allowed: ${tableNameReader.allowed}`);
}

function workerOf({ worker }: InstallCommandOptions, { config }: Settings): string {
  const role =
    worker ?? (config.warehouse === null ? '' : decodeURIComponent(new URL(config.warehouse.reveal()).username));
  if (role !== '') return role;
  throw commandError(
    EXIT.badInput,
    'the role that backfills work with is not known: give --worker, or a user in BACKFILL_WAREHOUSE_URL',
  );
}
