import { condition } from '@temporalio/workflow';
import type { Waiver } from '../src/domain/waiver.ts';
import type { Recorded } from '../src/protocol/activities.ts';
import type { RolledBackByHand } from './beside-pointer.ts';
import { besidePointer } from './beside-pointer.ts';
import { replan } from './replan.ts';
import type { Phase, Run } from './run.ts';
import { activityReason } from './run.ts';
import { undone } from './undone.ts';

const DECISIONS = ['retry', 'waive', 'replan', 'abort', 'rollback', 'close'] as const;

/** The run stands still; nothing is lost. A person retries, waives the check, rolls back, closes or gives up. */
export const awaitDecision: Phase = async (run) => {
  const back = run.state.hold?.from ?? 'aborting';
  for (;;) {
    const seen = await untilDecided(run);
    if (seen !== null) return undone(run, seen, run.state.consolidated);
    if (run.take('abort')) return { type: 'moved', to: 'aborting' };
    if (run.take('close')) return { type: 'moved', to: 'closing' };
    if (run.asked('rollback')) return { type: 'moved', to: 'rollingBack' };
    if (await waived(run)) return { type: 'moved', to: back, because: 'the check is waived' };
    const replanned = await replan(run);
    if (replanned !== null) return replanned;
    if (run.take('retry')) return { type: 'moved', to: back };
    if (run.isLong()) return { type: 'continueAsNew' };
  }
};

/** Readers may be given the previous history by hand while a person decides on ours. */
async function untilDecided(run: Run): Promise<RolledBackByHand | null> {
  const wait = async (isOver: () => boolean): Promise<null> => {
    await condition(() => DECISIONS.some((kind) => run.asked(kind)) || run.isLong() || isOver());
    return null;
  };
  if (run.state.release?.state !== 'published') return wait(() => false);
  try {
    return await besidePointer(run, wait);
  } catch (error) {
    // It is held already, for a reason that must not be lost: that the pointer cannot be seen is shown beside it.
    run.apply({ type: 'refused', message: 'watchLiveWrites', reason: activityReason(error) });
    return wait(() => false);
  }
}

async function waived(run: Run): Promise<boolean> {
  const request = run.first('waive');
  if (request === undefined) return false;
  const recorded = await recordWaiver(run, request.waiver);
  if (recorded.kind === 'recorded') run.apply({ type: 'waived', waiver: request.waiver });
  else run.refuse('waive', recorded.reason);
  run.done(request);
  return recorded.kind === 'recorded';
}

/** A ledger that will not take it must not end the hold. */
async function recordWaiver(run: Run, waiver: Waiver): Promise<Recorded> {
  try {
    return await run.on.light.recordDecision({ ...run.ref, decision: { kind: 'waive', waiver } });
  } catch (error) {
    return { kind: 'refused', reason: activityReason(error) };
  }
}
