import type { Check } from './verdict.ts';

/** A failing check that an approver lets pass, with the figure that was shown. `batch` is null for the whole run. */
export interface Waiver {
  readonly by: string;
  readonly check: string;
  readonly batch: number | null;
  readonly figure: string;
  readonly limit: string;
  readonly reason: string;
  readonly at: string;
  /** Of a monitor: how far beyond its limit it was; null where nobody could tell. */
  readonly excess?: number | null;
}

/** Marks the failing checks that a waiver covers. */
export function waive(
  checks: readonly Check[],
  waivers: readonly Pick<Waiver, 'check' | 'figure'>[],
): readonly Check[] {
  return checks.map((check) =>
    check.verdict === 'fail' && waivers.some((waiver) => covers(waiver, check))
      ? { ...check, verdict: 'waived' as const }
      : check,
  );
}

/** The finding that was shown, or one of the same check that is no further from its limit: a worse one is asked about anew. */
function covers(waiver: Pick<Waiver, 'check' | 'figure'>, check: Check): boolean {
  if (waiver.check !== check.name) return false;
  if (waiver.figure === check.figure) return true;
  const [then, now] = [beyond(waiver.figure, check.limit), beyond(check.figure, check.limit)];
  if (then === null || now === null || (now.below === 0 && now.above === 0)) return false;
  return now.below <= then.below && now.above <= then.above;
}

/** How far a figure lies beyond either end of its limit, rows lost and rows gained apart; null where either is no number. */
function beyond(figure: string, limit: string): { readonly below: number; readonly above: number } | null {
  const values = numbers(figure);
  const [first, second] = numbers(limit);
  if (values.length === 0 || first === undefined) return null;
  const [low, high] = limit.startsWith('±') ? [-first, first] : [first, second ?? first];
  return { below: Math.max(0, low - Math.min(...values)), above: Math.max(0, Math.max(...values) - high) };
}

function numbers(text: string): number[] {
  return [...text.matchAll(/[+-]?\d+(\.\d+)?/g)].map(([found]) => Number(found));
}
