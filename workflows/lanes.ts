import type { BatchRange } from '../src/domain/batch-queue.ts';
import { batchesLeft, claimSize, takeClaim } from '../src/domain/batch-queue.ts';
import type { Work } from '../src/domain/backfill-event.ts';
import type { ClaimResult } from '../src/protocol/activities.ts';
import type { Run } from './run.ts';

type LaneStop = Extract<ClaimResult['stopped'], { kind: 'gate' | 'failed' }>;

/**
 * Runs as many lanes as the limits allow until the queue is empty, something stops them, or the history grew long.
 * Returns when every lane is idle: nothing runs on unseen. What went wrong in one lane stops all.
 */
export async function runLanes(run: Run): Promise<LaneStop | null> {
  const stops: LaneStop[] = [];
  const errors: unknown[] = [];
  const stopped = (): boolean => stops.length > 0 || errors.length > 0;
  const { limits } = run.state;
  const walkLane = async (lane: number): Promise<void> => {
    while (!stopped() && run.mayWork() && run.state.limits === limits && !run.isLong()) {
      const { queue, progress } = run.state;
      const measured = { batches: progress.measuredBatches, busyMs: progress.busyMs };
      const size = claimSize(measured, { left: batchesLeft(queue), lanes: limits.maxConcurrency });
      const taken = takeClaim(queue, size);
      if (taken === null) return;
      run.apply({ type: 'claimed', queue: taken.rest });
      try {
        const result = await run.stoppable(() => rebuild(run, lane, taken.claim));
        run.apply({ type: 'worked', work: result === 'interrupted' ? backToQueue(taken.claim) : workOf(result) });
        const stop = result === 'interrupted' ? null : result.stopped;
        if (stop?.kind === 'gate' || stop?.kind === 'failed') stops.push(stop);
      } catch (error) {
        run.apply({ type: 'worked', work: backToQueue(taken.claim) });
        errors.push(error);
      }
      if (stopped()) run.interrupt('asked');
    }
  };
  await Promise.all(Array.from({ length: limits.maxConcurrency }, (_, index) => walkLane(index + 1)));
  if (errors.length > 0) throw errors[0] as Error;
  return stops.find((stop) => stop.kind === 'failed') ?? stops[0] ?? null;
}

function rebuild(run: Run, lane: number, claim: BatchRange): Promise<ClaimResult> {
  const total = run.state.plan?.batches ?? 0;
  const range = claim.from === claim.to ? `batch ${claim.from}` : `batches ${claim.from}–${claim.to}`;
  return run.on.warehouse.rebuildClaim.executeWithOptions({ summary: `lane ${lane}: ${range}/${total}` }, [
    { ...run.ref, claim, lane, limits: run.state.limits },
  ]);
}

function backToQueue(claim: BatchRange): Work {
  return { counts: null, batches: 0, busyMs: 0, rest: claim };
}

function workOf({ finished, counts, rest, stopped }: ClaimResult): Work {
  const busyMs = finished.reduce((sum, one) => sum + one.busyMs, 0);
  const split = stopped?.kind === 'timedOut' ? ({ split: true } as const) : {};
  return { counts, batches: finished.length, busyMs, rest, ...split };
}
