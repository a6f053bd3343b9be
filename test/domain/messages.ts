import type { BackfillState } from '../../src/domain/backfill-state.ts';
import type { MessageDecision } from '../../src/domain/message-decision.ts';
import { decideMessage } from '../../src/domain/decide-message.ts';
import type { Incoming, MessageName } from '../../src/domain/messages.ts';
import type { BackfillStatus } from '../../src/domain/status.ts';
import { DIGEST, EVIDENCE, FAILING, LATER, NOW, heldOn, stateIn } from './states.ts';

/** For each message a payload that nothing is wrong with. */
export const GOOD: Readonly<Record<MessageName, Incoming>> = {
  pause: { by: 'olaf', reason: 'month end' },
  resume: { by: 'olaf' },
  approve: { by: 'finance-controller', digest: DIGEST, comment: 'read it' },
  reject: { by: 'finance-controller', reason: 'wrong quarter' },
  rollback: { by: 'olaf', reason: 'dashboard broke' },
  republish: { by: 'olaf' },
  close: { by: 'olaf' },
  signOff: { by: 'finance-data' },
  retry: { by: 'olaf' },
  replan: { by: 'finance-controller', planHash: 'ab12cd34ef56' },
  waive: { by: 'finance-controller', check: FAILING.name, reason: 'known' },
  abort: { by: 'olaf', reason: 'wrong spec' },
  setLimits: { by: 'olaf', max_concurrency: 4 },
  settle: { by: 'olaf' },
  rearm: { by: 'olaf' },
  livePipelineStarted: { name: 'nightly' },
  livePipelineFinished: { name: 'nightly' },
};

/** A state in which the message has its best chance, but for the status. */
export function readyFor(name: MessageName, status: BackfillStatus): BackfillState {
  const hold = status === 'held' ? heldOn().hold : null;
  const paused = name === 'resume' ? { by: 'olaf', reason: 'month end', since: NOW } : null;
  const pipelineSignals = name === 'livePipelineFinished' ? [{ name: 'nightly', since: NOW }] : [];
  const shape = name === 'rearm' ? ('settled' as const) : ('armed' as const);
  return stateIn(status, { evidence: EVIDENCE, hold, paused, pipelineSignals, shape });
}

export function decide(state: BackfillState, name: MessageName, payload: Incoming = GOOD[name]): MessageDecision {
  return decideMessage(state, name, payload, LATER);
}

/** The sentence of the refusal; what it was instead where it was none. */
export function refusal(state: BackfillState, name: MessageName, payload?: Incoming): string {
  const decision = decide(state, name, payload);
  return decision.kind === 'refused' ? decision.reason : `${decision.kind}, not refused`;
}
