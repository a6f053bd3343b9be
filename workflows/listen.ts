import {
  ApplicationFailure,
  CancellationScope,
  setDefaultSignalHandler,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Incoming, MessageName } from '../src/domain/messages.ts';
import { MESSAGE_DESCRIPTIONS, MESSAGE_NAMES, heardMessage } from '../src/domain/messages.ts';
import { decideMessage } from '../src/domain/decide-message.ts';
import { viewStatus } from '../src/domain/status-view.ts';
import { messageDefinitions, statusQuery } from '../src/protocol/messages.ts';
import type { Run } from './run.ts';

/** Signals, updates and the query, before the first await. A signal and its update twin take the same decision. */
export function listen(run: Run): void {
  setHandler(statusQuery, () => viewStatus(run.state, workflowInfo().historyLength), {
    description: 'The whole state as one object.',
  });
  for (const { name, signal, update } of messageDefinitions) {
    const description = MESSAGE_DESCRIPTIONS[name];
    setHandler(
      signal,
      async (payload?: Incoming) => {
        await receive(run, name, payload);
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
  // The server takes any signal name; a mistyped one must not look like success. Registered last, so that it hears only strangers.
  setDefaultSignalHandler((name) =>
    refuse(run, name, `no message has this name; known are ${MESSAGE_NAMES.join(', ')}`),
  );
  CancellationScope.current().cancelRequested.catch(async () => {
    await receive(run, 'abort', { by: "Temporal's Cancel", reason: 'the workflow was cancelled' });
  });
}

async function receive(run: Run, name: MessageName, payload: unknown): Promise<string> {
  const decision = decide(run, name, payload);
  if (decision.kind === 'refused') {
    await refuse(run, name, decision.reason);
    return decision.reason;
  }
  if (decision.kind === 'already') return `nothing to do: ${decision.because}`;
  for (const event of decision.events) run.apply(event);
  run.interrupt();
  const heard = heardMessage(name, asIncoming(payload));
  const at = new Date().toISOString();
  // Beside the work: an answer must not wait for a warehouse that is away.
  if (heard !== null && run.state.plan !== null)
    run.tell('recordMessage', () => run.on.light.recordMessage({ ...run.ref, ...heard, at }));
  return `${name} is heard`;
}

function decide(run: Run, name: MessageName, payload: unknown): ReturnType<typeof decideMessage> {
  return decideMessage(run.state, name, asIncoming(payload), new Date().toISOString());
}

/** The UI sends nothing, null or an object; anything else has no fields. */
function asIncoming(payload: unknown): Incoming {
  return typeof payload === 'object' && payload !== null ? (payload as Incoming) : {};
}

async function refuse(run: Run, message: string, reason: string): Promise<void> {
  const at = new Date().toISOString();
  run.apply({ type: 'refused', message, reason });
  if (run.state.plan !== null)
    await CancellationScope.nonCancellable(() =>
      run.note('recordRefusal', () => run.on.light.recordRefusal({ ...run.ref, message, reason, at })),
    );
}
