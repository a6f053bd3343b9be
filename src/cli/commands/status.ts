import type { Client } from '@temporalio/client';
import { isUnavailable } from '../../client/connect.ts';
import { listBackfills } from '../../client/list-backfills.ts';
import type { Config } from '../../config/config.ts';
import type { CommandResult } from '../command-result.ts';
import { commandError } from '../command-result.ts';
import { EXIT } from '../exit-codes.ts';
import { lastKnownStatus, readRecordedRun } from '../last-known-status.ts';
import { waitingForWorker } from '../no-worker.ts';
import type { KnownStatus } from '../read-status.ts';
import { exitCodeOfKnown, readStatus } from '../read-status.ts';
import { paintFor } from '../render/paint.ts';
import { renderStatus } from '../render/status.ts';
import { loadSettings } from '../settings.ts';
import type { Surroundings } from '../surroundings.ts';
import { watchStatus } from '../watch-status.ts';
import { describeUnknown, linkTo, withTemporal } from '../with-temporal.ts';

export interface StatusOptions {
  /** Goes on showing until it ends or needs a person. */
  readonly watch: boolean;
  readonly json: boolean;
}

/** What a backfill does now; with every worker stopped, and even with the server down, what is last known of it. */
export async function status(
  backfillId: string,
  options: StatusOptions,
  surroundings: Surroundings,
): Promise<CommandResult> {
  const { config } = loadSettings(surroundings);
  const known = await orFromLedger(config, backfillId, surroundings, () =>
    withTemporal(config, async (client) => {
      const look = (): Promise<KnownStatus> => readOrRefuse(client, config, backfillId);
      return options.watch ? watchStatus(look, config, options.json, surroundings) : look();
    }),
  );
  return statusResult(known, config, surroundings);
}

export function statusResult(known: KnownStatus, config: Config, surroundings: Surroundings): CommandResult {
  const { view, isLive, runId } = known;
  const link = runId === null ? null : linkTo(config, view.workflowId, runId);
  return {
    exitCode: exitCodeOfKnown(known),
    text: renderStatus(view, { link, isLive }, paintFor(surroundings)),
    json: view,
  };
}

async function readOrRefuse(client: Client, config: Config, backfillId: string): Promise<KnownStatus> {
  const known = await readStatus(client, config, backfillId);
  if (known !== null) return waitingForWorker(known, config);
  const ids = (await listBackfills(client)).map((one) => one.backfillId);
  throw commandError(EXIT.badInput, describeUnknown(backfillId, ids));
}

/** With no Temporal server the ledger still knows the run, and how to undo it. */
async function orFromLedger(
  config: Config,
  backfillId: string,
  { note }: Pick<Surroundings, 'note'>,
  ask: () => Promise<KnownStatus>,
): Promise<KnownStatus> {
  try {
    return await ask();
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    // Where the ledger cannot be read either, the first error is the one to report.
    const recorded = await readRecordedRun(config, backfillId).catch(() => null);
    const view = lastKnownStatus(backfillId, null, recorded);
    if (view === null) throw error;
    note(`${error.message}. What follows is from the ledger.`);
    return { view, isLive: false, isOrphaned: false, runId: null };
  }
}
