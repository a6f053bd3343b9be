import type { PhaseEnd, Run } from './run.ts';

/** Steps one after the other; a pause or an abort is heard between them and within. Null: all of them are done. What is done when they begin anew finds itself done. */
export async function walkSteps(run: Run, steps: readonly (() => Promise<unknown>)[]): Promise<PhaseEnd | null> {
  for (const step of steps) {
    let outcome: unknown = 'interrupted';
    while (outcome === 'interrupted') {
      if (!(await run.untilFree())) return { type: 'continueAsNew' };
      if (run.take('abort')) return { type: 'moved', to: 'aborting' };
      outcome = await run.unlessStopped(step);
      if (outcome === 'interrupted' && run.isLong()) return { type: 'continueAsNew' };
    }
  }
  return null;
}
