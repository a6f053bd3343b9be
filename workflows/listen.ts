import {
  ApplicationFailure,
  CancellationScope,
  setDefaultSignalHandler,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Incoming, MessageName } from '../src/domain/messages.ts';
import { MESSAGE_DESCRIPTIONS, MESSAGE_NAMES, heardMessage } from '../src/domain/messages.ts';
import type { MessageDecision } from '../src/domain/message-decision.ts';
import { decideMessage } from '../src/domain/decide-message.ts';
import { viewStatus } from '../src/domain/status-view.ts';
import { messageDefinitions, statusQuery } from '../src/protocol/messages.ts';
import type { Run } from './run.ts';

/** Signals, updates and the query, before the first await. A signal and its update twin take the same decision. */
export function listen(run: Run): void {
  setHandler(statusQuery, () => viewStatus(run.state, workflowInfo().historyLength), {
    description: 'The whole state as one object.',
  });
  // First of the handlers, so that signals that came before this run began are heard in their order: each handler by name
  // would take its own out of turn, a pause before the resume that was sent first.
  setDefaultSignalHandler((name, payload) => {
    const message = MESSAGE_NAMES.find((known) => known === name);
    if (message === undefined) refuseStranger(run, name);
    else receive(run, message, payload);
  });
  for (const { name, signal, update } of messageDefinitions) {
    const description = MESSAGE_DESCRIPTIONS[name];
    setHandler(
      signal,
      (payload?: Incoming) => {
        receive(run, name, payload);
      },
      { description },
    );
    setHandler(update, (payload?: Incoming) => receive(run, name, payload), {
      description,
      validator: (payload?: Incoming) => {
        const decision = decide(run, name, payload);
        if (decision.kind === 'refused') throw ApplicationFailure.nonRetryable(decision.reason, 'MessageRefused');
      },
    });
  }
  CancellationScope.current().cancelRequested.catch(() => {
    receive(run, 'abort', { by: "Temporal's Cancel", reason: 'the workflow was cancelled' });
  });
}

/** The server takes any signal name; a mistyped one must not look like success. */
function refuseStranger(run: Run, name: string): void {
  run.refuse(name, `no message has this name; known are ${MESSAGE_NAMES.join(', ')}`);
  unlessLong(run);
}

/** Handlers only take down what was said: they run no activity, so none keeps a run from ending or continuing as new. */
function receive(run: Run, name: MessageName, payload: unknown): string {
  const decision = decide(run, name, payload);
  const answer = act(run, name, payload, decision);
  if (decision.kind === 'accepted') run.interrupt('asked');
  else unlessLong(run);
  return answer;
}

function act(run: Run, name: MessageName, payload: unknown, decision: MessageDecision): string {
  switch (decision.kind) {
    case 'refused':
      run.refuse(name, decision.reason);
      return decision.reason;
    case 'already':
      return `nothing to do: ${decision.because}`;
    case 'accepted': {
      for (const event of decision.events) run.apply(event);
      const heard = heardMessage(name, asIncoming(payload));
      if (heard !== null) run.apply({ type: 'received', telling: heard });
      return `${name} is heard`;
    }
  }
}

/** A message that changes nothing interrupts nothing, but for the history that it makes longer. */
function unlessLong(run: Run): void {
  if (run.isLong()) run.interrupt('long');
}

function decide(run: Run, name: MessageName, payload: unknown): MessageDecision {
  return decideMessage(run.state, name, asIncoming(payload), new Date().toISOString());
}

/** The UI sends nothing, null or an object; anything else has no fields. */
function asIncoming(payload: unknown): Incoming {
  return typeof payload === 'object' && payload !== null ? (payload as Incoming) : {};
}
