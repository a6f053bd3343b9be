import type { GateDecision } from '../src/domain/gate.ts';
import type { GateStop } from '../src/protocol/activities.ts';

/** How soon a running statement meets a gate that closed. */
const LOOK_EVERY_MS = 1_000;
/** A gate that closed leaves a statement this long to come to its end, and may open again meanwhile. */
const GRACE_MS = 5_000;

/** What was last seen of the gate while a session works; asking it costs nothing and waits for nobody. */
export interface GateWatch {
  /** Why the work ends at this boundary; null while the gate was last seen open. */
  stop(): GateStop | null;
  /** The next statement, which may be cancelled when the gate closes, or runs to its end whatever the gate says. */
  began(statement: { readonly cancellable: boolean }): void;
  /** The statement was cancelled, because the gate closed; null where it was not. */
  cancelled(): GateStop | null;
  /** Await it before the session does anything else, or that would be cancelled. */
  end(): Promise<void>;
}

export function watchGate(ask: () => Promise<GateDecision>, cancel: () => Promise<void>): GateWatch {
  let ended = false;
  let cancellable = false;
  let seen: GateDecision = { open: true };
  let closedSince: number | null = null;
  let cancelled: GateStop | null = null;
  let cancelling: Promise<void> = Promise.resolve();
  const look = async (): Promise<void> => {
    // What cannot be read now is read at the next boundary, where the error is thrown to whoever waits for the answer.
    const decision = await ask().catch(() => null);
    if (ended) return;
    if (decision !== null) {
      seen = decision;
      const presses = !decision.open && decision.mayFinish !== true;
      closedSince = presses ? (closedSince ?? Date.now()) : null;
    }
    if (cancellable && closedSince !== null && Date.now() - closedSince >= GRACE_MS) {
      cancelled = gateStop(seen);
      cancelling = cancel();
    }
    timer = setTimeout(() => void look(), LOOK_EVERY_MS);
  };
  let timer = setTimeout(() => void look(), LOOK_EVERY_MS);
  return {
    stop: () => gateStop(seen),
    began: (statement) => {
      cancellable = statement.cancellable;
    },
    cancelled: () => cancelled,
    end: async () => {
      ended = true;
      clearTimeout(timer);
      await cancelling;
    },
  };
}

export function gateStop(decision: GateDecision): GateStop | null {
  if (decision.open) return null;
  const { reason, until } = decision;
  return { kind: 'gate', reason, ...(until === undefined ? {} : { until }) };
}
