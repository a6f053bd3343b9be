import type { Incoming } from './messages.ts';

/** A message as the ledger keeps it: who said what, or why it changed nothing. */
export type ReceivedMessage = Numbered & (Heard | Refused);

interface Numbered {
  readonly message: string;
  readonly at: string;
  /** Counted by the run, so that two equal messages of one moment are two. */
  readonly number: number;
}

interface Heard {
  readonly by: string;
  /** Its other fields, as they came. */
  readonly detail: Incoming;
}

interface Refused {
  readonly reason: string;
}

/** What there is to tell the ledger of a message, before it is numbered. */
export type Telling = { readonly message: string } & (Heard | Refused);

/** What people type is short. More than this would be carried from run to run while the ledger is away. */
const TEXT_KEPT = 1_000;

/** As much of a message as is kept. */
export function shortened(telling: Telling): Telling {
  const message = telling.message.slice(0, TEXT_KEPT);
  if ('reason' in telling) return { message, reason: telling.reason.slice(0, TEXT_KEPT) };
  const { by, detail } = telling;
  const text = JSON.stringify(detail);
  return {
    message,
    by: by.slice(0, TEXT_KEPT),
    detail: text.length <= TEXT_KEPT ? detail : { shortened: text.slice(0, TEXT_KEPT) },
  };
}
