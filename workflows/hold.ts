import { condition } from '@temporalio/workflow';
import type { Phase, Run } from './run.ts';

const DECISIONS = ['retry', 'waive', 'abort', 'rollback'] as const;

/** The run stands still; nothing is lost. A person retries, waives the check, rolls back or gives up. */
export const awaitDecision: Phase = async (run) => {
  const back = run.state.hold?.from ?? 'aborting';
  for (;;) {
    await condition(() => DECISIONS.some((kind) => run.asked(kind)) || run.isLong());
    if (run.take('abort')) return { type: 'moved', to: 'aborting' };
    if (run.asked('rollback')) return { type: 'moved', to: 'rollingBack' };
    if (await waived(run)) return { type: 'moved', to: back, because: 'the check is waived' };
    if (run.take('retry')) return { type: 'moved', to: back };
    if (run.isLong()) return { type: 'continueAsNew' };
  }
};

async function waived(run: Run): Promise<boolean> {
  const request = run.first('waive');
  if (request === undefined) return false;
  const recorded = await run.on.light.recordDecision({
    ...run.ref,
    decision: { kind: 'waive', waiver: request.waiver },
  });
  run.apply(
    recorded.kind === 'recorded'
      ? { type: 'waived', waiver: request.waiver }
      : { type: 'refused', message: 'waive', reason: recorded.reason },
  );
  run.done(request);
  return recorded.kind === 'recorded';
}
