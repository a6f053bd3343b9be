import { condition } from '@temporalio/workflow';
import { describeCheck } from '../src/domain/verdict.ts';
import { retainUntil } from './plan.ts';
import type { Phase, PhaseEnd, Run } from './run.ts';
import { throughGate } from './through-gate.ts';

/** Corrected rows into the base, overlay retired, and the snapshot dropped when its retention ends. No reader can tell. */
export const consolidate: Phase = async (run) => {
  while (run.state.release?.state !== 'consolidated') {
    const end = await moveRows(run);
    if (end !== null) return end;
    const { retired } = await run.on.warehouse.retireOverlay.executeWithOptions(
      { summary: 'retire the overlay under the fence' },
      [run.ref],
    );
    // A late write came before the fence: it is followed, then the fence is tried again.
    if (retired) run.apply({ type: 'consolidated', retainUntil: retainUntil(run) });
  }
  await run.on.steps.cleanUp.executeWithOptions({ summary: 'drop shadow and capture' }, [
    { ...run.ref, keepSnapshot: true },
  ]);
  const until = run.state.retainUntil ?? new Date().toISOString();
  const left = Math.max(1, Date.parse(until) - Date.now());
  if (await condition(() => run.isLong(), left, { summary: 'retention of the snapshot' }))
    return { type: 'continueAsNew' };
  await run.on.steps.cleanUp.executeWithOptions({ summary: 'drop the snapshot' }, [
    { ...run.ref, keepSnapshot: false },
  ]);
  return { type: 'moved', to: 'completed' };
};

async function moveRows(run: Run): Promise<PhaseEnd | null> {
  for (;;) {
    if (!(await run.untilFree())) return { type: 'continueAsNew' };
    if (run.isLong()) return { type: 'continueAsNew' };
    const after = run.state.consolidated;
    const outcome = await run.stoppable(() =>
      run.on.warehouse.consolidateClaim.executeWithOptions(
        { summary: `move corrected rows into the base, from partition ${after + 1}` },
        [{ ...run.ref, limits: run.state.limits }],
      ),
    );
    if (outcome === 'interrupted') continue;
    run.apply({ type: 'consolidatedUpTo', partition: outcome.upTo });
    if (outcome.done) return null;
    if (outcome.stopped?.kind === 'gate') await throughGate(run, outcome.stopped);
    if (outcome.stopped?.kind === 'failed') {
      const { batch, check } = outcome.stopped;
      const reason = `batch ${batch} fails ${describeCheck(check)} after a live write; consumers keep the release`;
      return { type: 'held', hold: { reason, check, batch } };
    }
    if (outcome.stopped?.kind === 'rolledBack') return undone(run, outcome.upTo, outcome.stopped.at);
  }
}

function undone(run: Run, moved: number, at: string): PhaseEnd {
  if (moved > 0)
    return {
      type: 'held',
      hold: {
        reason: `the release was rolled back by hand at ${at} after ${moved} partitions were consolidated; restore them from the snapshot`,
        check: null,
        batch: null,
      },
    };
  run.apply({ type: 'rolledBack', at });
  return { type: 'moved', to: 'rolledBack' };
}
