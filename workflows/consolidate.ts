import { condition } from '@temporalio/workflow';
import type { RolledBackByHand } from './beside-pointer.ts';
import { besidePointer } from './beside-pointer.ts';
import { holdPublished } from './hold-published.ts';
import { retainUntil } from './plan.ts';
import type { Phase, PhaseEnd, Run } from './run.ts';
import { throughGate } from './through-gate.ts';
import { undone } from './undone.ts';

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
  // Whoever paused may want to keep it.
  if (!(await run.untilFree())) return { type: 'continueAsNew' };
  await run.on.steps.cleanUp.executeWithOptions({ summary: 'drop the snapshot' }, [
    { ...run.ref, keepSnapshot: false },
  ]);
  return { type: 'moved', to: 'completed' };
};

async function moveRows(run: Run): Promise<PhaseEnd | null> {
  for (;;) {
    const free = await untilFree(run);
    if (typeof free === 'object') return undone(run, free, run.state.consolidated);
    if (!free) return { type: 'continueAsNew' };
    if (run.isLong()) return { type: 'continueAsNew' };
    const after = run.state.consolidated;
    const outcome = await run.stoppable(() =>
      run.on.warehouse.consolidateClaim.executeWithOptions(
        { summary: `move corrected rows into the base, from partition ${after + 1}` },
        [{ ...run.ref, limits: run.state.limits }],
      ),
    );
    if (outcome === 'interrupted') continue;
    if (outcome.liveWrites !== undefined) run.apply({ type: 'liveWritesSeen', liveWrites: outcome.liveWrites });
    run.apply({ type: 'consolidatedUpTo', partition: outcome.upTo });
    const { stopped, done } = outcome;
    if (done && stopped === null) return null;
    if (stopped?.kind === 'rolledBack') return undone(run, stopped, outcome.upTo);
    if (stopped?.kind === 'failed') return holdPublished(stopped);
    if (stopped?.kind !== 'gate') continue;
    const seen = await besidePointer(run, () => throughGate(run, stopped));
    if (seen !== undefined) return undone(run, seen, outcome.upTo);
  }
}

/** A pause may last: the pointer is looked at meanwhile. */
async function untilFree(run: Run): Promise<boolean | RolledBackByHand> {
  return run.mayWork() || besidePointer(run, (isOver) => run.untilFree(isOver));
}
