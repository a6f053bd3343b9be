import type { Phase } from './run.ts';
import { watchRelease } from './watch-release.ts';

/** The rollback window: one statement undoes it, a timer ends it. */
export const observe: Phase = async (run) => {
  for (;;) {
    const until = run.state.rollbackDeadline ?? new Date().toISOString();
    if (!run.asked('rollback') && Date.parse(until) <= Date.now()) return { type: 'moved', to: 'awaitingSignOff' };
    const end = await watchRelease(run, {
      reason: 'the rollback window',
      until,
      timer: `rollback window of ${run.state.release?.releaseId ?? ''}`,
    });
    if (end !== null) return end;
  }
};
