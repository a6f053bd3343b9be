import type { Client } from '@temporalio/client';
import { connect } from '../client/connect.ts';
import { listBackfills } from '../client/list-backfills.ts';
import { uiLink } from '../client/ui-link.ts';
import type { Config } from '../config/config.ts';
import type { CommandError } from './command-result.ts';
import { commandError } from './command-result.ts';
import { EXIT } from './exit-codes.ts';

/** One connection for as long as `use` lasts. */
export async function withTemporal<T>(
  config: Pick<Config, 'temporal'>,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const connected = await connect(config);
  try {
    return await use(connected.client);
  } finally {
    await connected.close();
  }
}

export function linkTo({ temporal }: Pick<Config, 'temporal'>, workflowId: string, runId?: string): string | null {
  return uiLink({ temporalUi: temporal.ui, temporalNamespace: temporal.namespace }, workflowId, runId);
}

/** "No such backfill", with those that exist. */
export async function unknownBackfill(client: Client, backfillId: string): Promise<CommandError> {
  const known = (await listBackfills(client)).map((one) => one.backfillId);
  return commandError(EXIT.badInput, describeUnknown(backfillId, known));
}

const SHOWN = 10;

export function describeUnknown(backfillId: string, known: readonly string[]): string {
  const more = known.length > SHOWN ? `, and ${known.length - SHOWN} more (backfill list)` : '';
  const which = known.length === 0 ? 'there is none yet' : `there are: ${known.slice(0, SHOWN).join(', ')}${more}`;
  return `no backfill "${backfillId}"; ${which}`;
}
