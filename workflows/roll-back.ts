import { condition } from '@temporalio/workflow';
import type { Phase } from './run.ts';

export const rollBack: Phase = async (run) => {
  const request = run.first('rollback');
  const { by, reason } = request ?? { by: 'retry', reason: 'the switch back is tried again' };
  const { at } = await run.on.steps.rollBackRelease.executeWithOptions(
    { summary: `switch back, asked by ${by}`.slice(0, 190) },
    [{ ...run.ref, by, reason }],
  );
  run.apply({ type: 'rolledBack', at });
  if (request !== undefined) run.done(request);
  return { type: 'moved', to: 'rolledBack', because: `${by}: ${reason}` };
};

/** Shadow, snapshot and capture stay: publishing again needs fresh evidence and a new approval, not a new build. */
export const awaitRepublication: Phase = async (run) => {
  await condition(() => run.asked('republish') || run.asked('close') || run.isLong());
  if (run.take('close')) return { type: 'moved', to: 'closing' };
  return run.take('republish') ? { type: 'moved', to: 'reconciling' } : { type: 'continueAsNew' };
};
