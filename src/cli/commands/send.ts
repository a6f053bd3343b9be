import { describeBackfill } from '../../client/describe-backfill.ts';
import { sendMessage } from '../../client/send-message.ts';
import type { Incoming, MessageName } from '../../domain/messages.ts';
import { workflowIdOf } from '../../protocol/identity.ts';
import type { CommandResult } from '../command-result.ts';
import { EXIT } from '../exit-codes.ts';
import { loadSettings } from '../settings.ts';
import type { Surroundings } from '../surroundings.ts';
import { linkTo, unknownBackfill, withTemporal } from '../with-temporal.ts';

/** Sends one message to a backfill and says what became of it: heard, refused in one sentence, or kept for the next worker. */
export async function send(
  backfillId: string,
  name: MessageName,
  payload: Incoming,
  surroundings: Surroundings,
): Promise<CommandResult> {
  const { config } = loadSettings(surroundings);
  return withTemporal(config, async (client) => {
    const outcome = await sendMessage(client, backfillId, name, payload);
    if (outcome.kind === 'unknown') throw await unknownBackfill(client, backfillId);
    if (outcome.kind === 'refused')
      return {
        exitCode: EXIT.badInput,
        text: `refused: ${outcome.reason}`,
        json: { ...outcome, backfillId, message: name },
      };
    const runId = (await describeBackfill(client, backfillId))?.runId;
    const link = linkTo(config, workflowIdOf(backfillId), runId);
    const text =
      outcome.kind === 'accepted'
        ? `${backfillId}: ${outcome.answer}`
        : `${backfillId}: no worker answered; ${name} is recorded and will be heard when a worker runs (npm run worker). Whether it was accepted: backfill status ${backfillId}`;
    return {
      exitCode: EXIT.done,
      text: link === null ? text : `${text}\n${link}`,
      json: { ...outcome, backfillId, message: name },
    };
  });
}
