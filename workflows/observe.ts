import { describeOpenMonitors } from '../src/domain/monitors-watched.ts';
import { besideMonitors } from './beside-monitors.ts';
import type { Phase, PhaseEnd, Run } from './run.ts';
import { monitorsAreGood, watchRelease } from './watch-release.ts';

/** The rollback window: one statement undoes it. A timer ends it, and where consumers are measured, what they see. */
export const observe: Phase = (run) => besideMonitors(run, () => untilWindowEnds(run));

async function untilWindowEnds(run: Run): Promise<PhaseEnd> {
  for (;;) {
    const until = run.state.rollbackDeadline ?? new Date().toISOString();
    const isOver = Date.parse(until) <= Date.now();
    if (isOver && monitorsAreGood(run) && !run.asked('rollback')) return { type: 'moved', to: 'awaitingSignOff' };
    const summary = `rollback window of ${run.state.release?.releaseId ?? ''}`;
    const watch = (): Promise<PhaseEnd | null> => watchRelease(run, isOver ? undefined : { until, summary });
    const end = await (isOver ? run.waiting(open(run, until), watch) : watch());
    if (end !== null) return end;
  }
}

/** What nobody knows to be good is never signed off: the window stays open until it is, or a person lets it pass. */
function open({ state }: Run, since: string): { reason: string; since: string } {
  return {
    reason: `the rollback window stays open: ${describeOpenMonitors(state)}; it ends when they are good or waived`,
    since,
  };
}
