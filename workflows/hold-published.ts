import type { Check } from '../src/domain/verdict.ts';
import { describeCheck } from '../src/domain/verdict.ts';
import type { PhaseEnd } from './run.ts';

/** A batch that live writes touched fails while consumers read the release: it stays, and a person decides. */
export function holdPublished({ batch, check }: { readonly batch: number; readonly check: Check }): PhaseEnd {
  const reason = `batch ${batch} fails ${describeCheck(check)} after a live write; consumers keep the release`;
  return { type: 'held', hold: { reason, check, batch } };
}
