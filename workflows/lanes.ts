import type { BatchRange } from '../src/domain/batch-queue.ts';
import { claimSize, takeClaim } from '../src/domain/batch-queue.ts';
import type { Work } from '../src/domain/reduce.ts';
import type { ClaimResult, FinishedBatch } from '../src/protocol/activities.ts';
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
      const taken = takeClaim(run.state.queue, claimSize({ batches: run.state.progress.batchesDone, busyMs: run.state.progress.busyMs }));
      if (taken === null) return;
      run.apply({ type: 'claimed', queue: taken.rest });
      try {
        const result = await run.stoppable(() => rebuild(run, lane, taken.claim));
        const outcome = result === 'interrupted' ? untouched(taken.claim) : result;
        run.apply({ type: 'worked', work: workOf(outcome) });
        if (outcome.stopped !== null && outcome.stopped.kind !== 'asked') stops.push(outcome.stopped);
      } catch (error) {
        run.apply({ type: 'worked', work: workOf(untouched(taken.claim)) });
        errors.push(error);
      }
      if (stopped()) run.interrupt();
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

function untouched(claim: BatchRange): ClaimResult {
  return { finished: [], rest: claim, stopped: { kind: 'asked' } };
}

function workOf({ finished, rest }: ClaimResult): Work {
  const total = (pick: (one: FinishedBatch) => number): number => finished.reduce((sum, one) => sum + pick(one), 0);
  return {
    batchesDone: total((one) => (one.verdict === 'fail' ? 0 : 1)),
    batchesFailed: total((one) => (one.verdict === 'fail' ? 1 : 0)),
    partitionsDone: total((one) => one.partitions),
    partitionsRebuilt: total((one) => one.rebuilt),
    bytesScanned: total((one) => one.bytes),
    busyMs: total((one) => one.busyMs),
    rest,
  };
}
