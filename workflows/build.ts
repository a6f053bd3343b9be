import { isExhausted } from '../src/domain/batch-queue.ts';
import { describeCheck } from '../src/domain/verdict.ts';
import { runLanes } from './lanes.ts';
import type { Phase } from './run.ts';
import { throughGate } from './through-gate.ts';

/** Lanes of claims; gates, pauses and stops happen here, in the open, never in a sleeping activity. */
export const build: Phase = async (run) => {
  for (;;) {
    if (!(await run.untilFree())) return { type: 'continueAsNew' };
    if (run.take('abort')) return { type: 'moved', to: 'aborting' };
    if (isExhausted(run.state.queue)) return { type: 'moved', to: 'reconciling' };
    if (run.isLong()) return { type: 'continueAsNew' };
    const stop = await runLanes(run);
    if (stop?.kind === 'failed') {
      const reason = `batch ${stop.batch} fails ${describeCheck(stop.check)}`;
      return { type: 'held', hold: { reason, check: stop.check, batch: stop.batch } };
    }
    if (stop?.kind === 'gate') await throughGate(run, stop);
  }
};
