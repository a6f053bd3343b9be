import type { BackfillEvent } from './backfill-event.ts';

/** What a message leads to: events, or nothing because it says what is already so, or a refusal in one sentence. */
export type MessageDecision = { readonly kind: 'accepted'; readonly events: readonly BackfillEvent[] } | Unheard;

export type Unheard =
  { readonly kind: 'already'; readonly because: string } | { readonly kind: 'refused'; readonly reason: string };

export const accepted = (...events: readonly BackfillEvent[]): MessageDecision => ({ kind: 'accepted', events });
export const already = (because: string): Unheard => ({ kind: 'already', because });
export const refused = (reason: string): Unheard => ({ kind: 'refused', reason });

/** Of a digest or a hash: enough that nobody types them by accident. */
export const DIGEST_DIGITS = 12;
