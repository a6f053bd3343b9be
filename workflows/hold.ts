import { condition } from '@temporalio/workflow';
import type { BackfillStatus } from '../src/domain/status.ts';
import { acceptInputs } from './accept-inputs.ts';
import type { RolledBackByHand } from './beside-pointer.ts';
import { besidePointer } from './beside-pointer.ts';
import { replan } from './replan.ts';
import type { Phase, PhaseEnd, Run } from './run.ts';
import { activityReason } from './run.ts';
import { besideMonitors } from './beside-monitors.ts';
import { undone } from './undone.ts';
import { recordWaiver } from './record-waiver.ts';

const DECISIONS = ['retry', 'waive', 'replan', 'abort', 'rollback', 'close'] as const;

/** The run stands still; nothing is lost. A person retries, waives the check, rolls back, closes or gives up. */
export const awaitDecision: Phase = (run) => besideMonitors(run, () => untilItMoves(run));

async function untilItMoves(run: Run): Promise<PhaseEnd> {
  const back = run.state.hold?.from ?? 'aborting';
  for (;;) {
    const seen = await untilDecided(run);
    if (seen !== null) return undone(run, seen, run.state.consolidated);
    if (run.take('abort')) return { type: 'moved', to: 'aborting' };
    if (run.take('close')) return { type: 'moved', to: 'closing' };
    if (run.asked('rollback')) return { type: 'moved', to: 'rollingBack' };
    if (await recordWaiver(run)) return { type: 'moved', to: back, because: 'the check is waived' };
    const replanned = await replan(run);
    if (replanned !== null) return replanned;
    const retried = await retry(run, back);
    if (retried !== null) return retried;
    if (run.isLong()) return { type: 'continueAsNew' };
  }
}

async function retry(run: Run, back: BackfillStatus): Promise<PhaseEnd | null> {
  if (run.state.hold?.inputsChanged === true) return acceptInputs(run);
  return run.take('retry') === undefined ? null : { type: 'moved', to: back };
}

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
