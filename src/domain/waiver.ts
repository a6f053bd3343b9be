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
  return then !== null && now !== null && Math.sign(then) === Math.sign(now) && Math.abs(now) <= Math.abs(then);
}

/** How far a figure lies beyond its limit, negative below it; null where either is no number. */
function beyond(figure: string, limit: string): number | null {
  const [value] = numbers(figure);
  const [first, second] = numbers(limit);
  if (value === undefined || first === undefined) return null;
  const [low, high] = limit.startsWith('±') ? [-first, first] : [first, second ?? first];
  if (value < low) return value - low;
  return value > high ? value - high : 0;
}

function numbers(text: string): number[] {
  return [...text.matchAll(/[+-]?\d+(\.\d+)?/g)].map(([found]) => Number(found));
}
