import { setTimeout as delay } from 'node:timers/promises';
import { queryStatus } from '../../client/query-status.ts';
import type { Incoming } from '../../domain/messages.ts';
import type { CommandResult } from '../command-result.ts';
import { EXIT } from '../exit-codes.ts';
import { loadSettings } from '../settings.ts';
import { signApproval } from '../sign-approval.ts';
import type { Surroundings } from '../surroundings.ts';
import { withTemporal } from '../with-temporal.ts';
import { send } from './send.ts';

/** The worker checks a signature when it records the approval, which takes as long as one statement, or as an outage. */
const PATIENCE_MS = 15_000;
const LOOK_EVERY_MS = 250;

/** Signs an approval, sends it, and stays until its signature was checked: that it was heard says nothing of the key. */
export async function sendSigned(
  backfillId: string,
  payload: Incoming,
  keyFile: string,
  surroundings: Surroundings,
): Promise<CommandResult> {
  const sentAt = new Date().toISOString();
  const sent = await send(
    backfillId,
    'approve',
    await signApproval(backfillId, payload, keyFile, surroundings),
    surroundings,
  );
  if (sent.exitCode !== EXIT.done) return sent;
  const reason = await whyNotRecorded(backfillId, sentAt, surroundings);
  if (reason === null) return sent;
  return {
    exitCode: EXIT.badInput,
    text: `refused: ${reason}`,
    json: { kind: 'refused', reason, backfillId, message: 'approve' },
  };
}

/** Null where it is recorded, and where nobody says within the time. */
async function whyNotRecorded(backfillId: string, sentAt: string, surroundings: Surroundings): Promise<string | null> {
  const { config } = loadSettings(surroundings);
  return withTemporal(config, async (client) => {
    for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await delay(LOOK_EVERY_MS)) {
      const answer = await queryStatus(client, backfillId);
      if (answer.kind !== 'answered') return null;
      const { approvals, refusals, status } = answer.view;
      const refused = refusals.find(({ message, at }) => message === 'approve' && at >= sentAt);
      if (refused !== undefined) return refused.reason;
      if (status !== 'awaitingApproval' || approvals.some(({ at }) => at >= sentAt)) return null;
    }
    return null;
  });
}
