import type { Session, SessionSettings } from '../src/warehouse/session.ts';
import { withSession } from '../src/warehouse/session.ts';
import type { ActivityDeps } from './deps.ts';
import type { Working } from './working.ts';

/** Between two statements there is nothing to cancel: what comes next is met by a later try. */
const AGAIN_MS = 500;

/**
 * From a moment after a stop is asked for, cancels whatever the session runs: ours alone, by pid. What it answers ends
 * the watch; await it before the session is given back, or its next user would be hit.
 */
export function cancelWhenAsked(
  deps: ActivityDeps,
  pid: number,
  working: Working,
  graceMs: number,
): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let cancelling: Promise<unknown> = Promise.resolve();
  const cancel = (): void => {
    cancelling = cancelStatement(deps, pid);
    timer = setTimeout(cancel, AGAIN_MS);
  };
  const onAbort = (): void => {
    timer = setTimeout(cancel, graceMs);
  };
  if (working.signal.aborted) onAbort();
  else working.signal.addEventListener('abort', onAbort, { once: true });
  return async () => {
    working.signal.removeEventListener('abort', onAbort);
    clearTimeout(timer);
    await cancelling;
  };
}

/** Cancels what one session of ours runs at this moment. */
export async function cancelStatement({ pool }: Pick<ActivityDeps, 'pool'>, pid: number): Promise<void> {
  // Nothing to do if it fails: the statement then ends by itself and its result is discarded or kept whole.
  await pool.query('SELECT pg_cancel_backend($1)', [pid]).catch(() => undefined);
}

/** A session for work without a boundary at which it could stop: it is cancelled as soon as a stop is asked for. */
export async function withStoppableSession<T>(
  deps: ActivityDeps,
  settings: SessionSettings,
  working: Working,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  return withSession(deps.pool, settings, async (session) => {
    const stop = cancelWhenAsked(deps, session.backendPid, working, 0);
    try {
      return await use(session);
    } finally {
      await stop();
    }
  });
}
