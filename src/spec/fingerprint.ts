import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';

/** sha256 (hex) of a value's canonical JSON: equal values, equal fingerprints. */
export function fingerprint(value: unknown): string {
  return sha256(canonicalJson(value));
}

/** sha256 (hex) of a text in UTF-8. */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
