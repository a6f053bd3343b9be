import { formatName } from '../../domain/names.ts';
import type { InstallOptions } from '../../ledger/install.ts';
import { install, printScript } from '../../ledger/install.ts';
import { adminUrlOf, workerOf } from '../administrator.ts';
import type { CommandResult } from '../command-result.ts';
import { EXIT } from '../exit-codes.ts';
import { namedContract } from '../named-contract.ts';
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
  const contract = await namedContract(options, settings, surroundings.cwd);
  const what: InstallOptions = {
    dataset: contract.dataset,
    view: contract.publishedView,
    partitionKey: contract.partition.key,
    worker: workerOf(options, settings),
    ledgerOwner: options.ledgerOwner,
    capture: contract.livePipeline.capture,
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
