import { firstFailure, describeCheck } from '../src/domain/verdict.ts';
import type { Phase } from './run.ts';

export const prove: Phase = async (run) => {
  if (!(await run.untilFree())) return { type: 'continueAsNew' };
  if (run.take('abort')) return { type: 'moved', to: 'aborting' };
  const { checks } = await run.on.warehouse.proveIdempotency.executeWithOptions(
    { summary: 'build one partition twice in scratch tables' },
    [run.ref],
  );
  run.apply({ type: 'checked', checks });
  const failed = firstFailure(checks);
  if (failed !== undefined)
    return {
      type: 'held',
      hold: { reason: `the transform is not idempotent: ${describeCheck(failed)}`, check: failed, batch: null },
    };
  return { type: 'moved', to: 'preserving' };
};
