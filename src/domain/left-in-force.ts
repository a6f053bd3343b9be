import type { BackfillState } from './backfill-state.ts';
import { readLimits } from './limits.ts';
import type { Incoming } from './messages.ts';

/** A message that the ledger holds, in the order in which they were heard. */
export interface KeptMessage {
  readonly message: string;
  readonly by: string;
  readonly at: string;
  readonly detail: Incoming;
}

export interface LeftInForce {
  readonly limits: Partial<BackfillState['limits']>;
  readonly paused: BackfillState['paused'];
}

/** What earlier messages say still: the newest of each limit, and a pause that nobody ended. */
export function leftInForce(messages: readonly KeptMessage[]): LeftInForce {
  return messages.reduce<LeftInForce>(
    (left, { message, by, at, detail }) => {
      switch (message) {
        case 'pause': {
          const reason = typeof detail['reason'] === 'string' ? detail['reason'] : 'no reason given';
          return { ...left, paused: { by, reason, since: at } };
        }
        case 'resume':
          return { ...left, paused: null };
        case 'setLimits': {
          const read = readLimits(detail);
          return 'limits' in read ? { ...left, limits: { ...left.limits, ...read.limits } } : left;
        }
        default:
          return left;
      }
    },
    { limits: {}, paused: null },
  );
}
