import type { Check } from '../src/domain/verdict.ts';
import { describeCheck, firstFailure } from '../src/domain/verdict.ts';
import type { Phase } from './run.ts';
import { walkSteps } from './steps.ts';

/** What a proof that does not hold says, by the name of its check up to the first underscore. */
const REFUTED: Readonly<Record<string, string>> = {
  idempotency: 'the transform is not idempotent',
  seam: 'the contract is not the logic that the live pipeline runs',
  reproduction: 'the trusted logic does not give the history that is published',
};

export const prove: Phase = async (run) => {
  const { proveIdempotency, proveLogic } = run.on.warehouse;
  const checks: Check[] = [];
  const end = await walkSteps(run, [
    async () => {
      const summary = 'build one partition twice in scratch tables';
      checks.push(...(await proveIdempotency.executeWithOptions({ summary }, [run.ref])).checks);
    },
    async () => {
      const summary = 'compare corrected and trusted logic with what the pipeline wrote';
      checks.push(...(await proveLogic.executeWithOptions({ summary }, [run.ref])).checks);
    },
  ]);
  if (end !== null) return end;
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
