/** An ed25519 public key as the contract lists it: base64 of the 44 bytes that RFC 8410 gives it, one line of a PEM file. */
export const PUBLIC_KEY = /^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$/;

/** Base64 of the 64 bytes of an ed25519 signature (RFC 8032). */
const SIGNATURE = /^[A-Za-z0-9+/]{86}==$/;

export function isSignature(text: string): boolean {
  return SIGNATURE.test(text);
}

/**
 * What an approver signs, in UTF-8: the evidence, the run and the person, so that a signature is of no use for another
 * run or under another name. The first line keeps it apart from whatever else the key signs.
 */
export function approvalText({
  backfillId,
  digest,
  by,
}: {
  readonly backfillId: string;
  /** All 64 digits of the evidence digest. */
  readonly digest: string;
  readonly by: string;
}): string {
  return [
    'controlled-backfill approval v1',
    `backfill ${backfillId}`,
    `evidence ${digest.toLowerCase()}`,
    `by ${by.trim().toLowerCase()}`,
    '',
  ].join('\n');
}
