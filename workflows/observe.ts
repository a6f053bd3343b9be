import type { Phase } from './run.ts';
import { watchRelease } from './watch-release.ts';

/** The rollback window: one statement undoes it, a timer ends it. */
export const observe: Phase = async (run) => {
  for (;;) {
    const until = run.state.rollbackDeadline ?? new Date().toISOString();
    if (!run.asked('rollback') && Date.parse(until) <= Date.now()) return { type: 'moved', to: 'awaitingSignOff' };
    const summary = `rollback window of ${run.state.release?.releaseId ?? ''}`;
    const end = await watchRelease(run, { until, summary });
    if (end !== null) return end;
  }
};
