import type { KeyObject } from 'node:crypto';
import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { queryStatus } from '../client/query-status.ts';
import type { Incoming } from '../domain/messages.ts';
import { approvalText } from '../domain/signed-approval.ts';
import { commandError } from './command-result.ts';
import { EXIT } from './exit-codes.ts';
import { loadSettings } from './settings.ts';
import type { Surroundings } from './surroundings.ts';
import { unknownBackfill, withTemporal } from './with-temporal.ts';

/** What unlocks an encrypted key; never an argument, which every user of the machine could read. */
const PASSPHRASE = 'BACKFILL_KEY_PASSPHRASE';

/** The approval with the whole digest of the evidence that was read, signed with an ed25519 key from a PEM file. */
export async function signApproval(
  backfillId: string,
  payload: Incoming,
  keyFile: string,
  surroundings: Surroundings,
): Promise<Incoming> {
  const key = readKey(keyFile, surroundings.env[PASSPHRASE]);
  const { by, digest: given } = payload;
  if (typeof by !== 'string') throw commandError(EXIT.badInput, 'say who approves: --by, or BACKFILL_USER');
  const digest = await wholeDigest(backfillId, typeof given === 'string' ? given.toLowerCase() : '', surroundings);
  const signature = sign(null, Buffer.from(approvalText({ backfillId, digest, by })), key).toString('base64');
  return { ...payload, digest, signature };
}

function readKey(file: string, passphrase: string | undefined): KeyObject {
  let key: KeyObject;
  let pem = '';
  try {
    pem = readFileSync(file, 'utf8');
    key = createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (error) {
    const hint = pem.includes('ENCRYPTED') && passphrase === undefined ? `; ${PASSPHRASE} unlocks it` : '';
    throw commandError(EXIT.badInput, `the key ${file} cannot be read: ${(error as Error).message}${hint}`);
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  const kind = key.asymmetricKeyType ?? key.type;
  throw commandError(
    EXIT.badInput,
    `the key ${file} is of kind ${kind}: an ed25519 key signs approvals (openssl genpkey -algorithm ed25519 -out key.pem)`,
  );
}

/** Somebody who read the first digits in a report signs all of them, and only if they are still the present ones. */
async function wholeDigest(backfillId: string, given: string, surroundings: Surroundings): Promise<string> {
  const { config } = loadSettings(surroundings);
  return withTemporal(config, async (client) => {
    const answer = await queryStatus(client, backfillId);
    if (answer.kind === 'unknown') throw await unknownBackfill(client, backfillId);
    if (answer.kind === 'noWorker') {
      if (/^[0-9a-f]{64}$/.test(given)) return given;
      throw commandError(
        EXIT.failed,
        'no worker answered, so the digest cannot be completed: give all 64 digits of it',
      );
    }
    const present = answer.view.evidenceDigest;
    if (present?.startsWith(given) === true && given.length >= 12) return present;
    throw commandError(
      EXIT.badInput,
      `the digest is not that of the present evidence (${present ?? 'none'}); read the report again`,
    );
  });
}
