import type { Check } from '../src/domain/verdict.ts';
import { describeCheck, firstFailure } from '../src/domain/verdict.ts';
import type { Phase } from './run.ts';

/** What a proof that does not hold says, by the name of its check up to the first underscore. */
const REFUTED: Readonly<Record<string, string>> = {
  idempotency: 'the transform is not idempotent',
  seam: 'the contract is not the logic that the live pipeline runs',
  reproduction: 'the trusted logic does not give the history that is published',
};

export const prove: Phase = async (run) => {
  if (!(await run.untilFree())) return { type: 'continueAsNew' };
  if (run.take('abort')) return { type: 'moved', to: 'aborting' };
  const idempotency = await run.on.warehouse.proveIdempotency.executeWithOptions(
    { summary: 'build one partition twice in scratch tables' },
    [run.ref],
  );
  const logic = await run.on.warehouse.proveLogic.executeWithOptions(
    { summary: 'compare corrected and trusted logic with what the pipeline wrote' },
    [run.ref],
  );
  const checks = [...idempotency.checks, ...logic.checks];
  run.apply({ type: 'checked', checks });
  const failed = firstFailure(checks);
  if (failed !== undefined)
    return {
      type: 'held',
      hold: { reason: `${refuted(failed)}: ${describeCheck(failed)}`, check: failed, batch: null },
    };
  return { type: 'moved', to: 'preserving' };
};

function refuted({ name }: Check): string {
  return REFUTED[name.split('_')[0] ?? ''] ?? 'a proof does not hold';
}
