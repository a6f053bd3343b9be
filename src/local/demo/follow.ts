import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { queryStatus } from '../../client/query-status.ts';
import { sendMessage } from '../../client/send-message.ts';
import type { Incoming, MessageName } from '../../domain/messages.ts';
import type { BackfillStatus } from '../../domain/status.ts';
import type { StatusView } from '../../domain/status-view.ts';
import type { Narrator } from './narrator.ts';

const LOOK_EVERY_MS = 150;
/** Longer than any step of the default data takes on a slow machine. */
const PATIENCE_MS = 300_000;

/** The run seen by a person who watches and speaks; ends the story where something goes another way. */
export interface Follower {
  until(status: BackfillStatus): Promise<StatusView>;
  untilTrue(what: string, holds: (view: StatusView) => boolean): Promise<StatusView>;
  send(name: MessageName, payload: Incoming): Promise<void>;
}

const BAD_ENDS: readonly BackfillStatus[] = ['failed', 'held', 'aborted', 'closed'];

export function follow(client: Client, id: string, narrator: Narrator, signal: AbortSignal): Follower {
  let shown: string | null = null;
  let waited: string | null = null;
  const look = async (): Promise<StatusView | null> => {
    const answer = await queryStatus(client, id);
    if (answer.kind !== 'answered') return null;
    const { view } = answer;
    if (view.status !== shown) narrator.chapter(view);
    if (view.status === 'building') narrator.progress(view);
    const reason = view.waitingOn?.reason ?? null;
    if (reason !== null && (reason !== waited || view.status !== shown)) narrator.say(`   waits on ${reason}`);
    shown = view.status;
    waited = reason;
    return view;
  };
  const untilTrue: Follower['untilTrue'] = async (what, holds) => {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      signal.throwIfAborted();
      const view = await look();
      if (view !== null && holds(view)) return view;
      if (view !== null && BAD_ENDS.includes(view.status))
        throw new Error(
          `the run is ${view.status} instead of reaching ${what}: ${view.hold?.reason ?? view.because ?? ''}`,
        );
      if (Date.now() > deadline) throw new Error(`the run did not reach ${what} in ${PATIENCE_MS / 1000} s`);
      await delay(LOOK_EVERY_MS);
    }
  };
  return {
    untilTrue,
    until: (status) => untilTrue(status, (view) => view.status === status),
    send: async (name, payload) => {
      const outcome = await sendMessage(client, id, name, payload);
      if (outcome.kind === 'refused') throw new Error(`${name} was refused: ${outcome.reason}`);
      if (outcome.kind === 'unknown') throw new Error(`${name}: the run ${id} is not known`);
      narrator.say(
        `   ${String(payload['by'])} says ${name}${typeof payload['reason'] === 'string' ? ` (${payload['reason']})` : ''}`,
      );
    },
  };
}
