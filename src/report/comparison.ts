import { percentChange } from '../domain/batch-verdict.ts';
import { subtractDecimals } from '../domain/decimal.ts';
import type { Comparison } from './report.ts';

/** Old beside new, with the exact difference and the change in percent. */
export function compare(old: string, now: string): Comparison {
  const percent = percentChange({ old, new: now });
  return { old, new: now, delta: subtractDecimals(now, old), percent: percent === null ? null : percent.toFixed(6) };
}

export function isUnchanged(one: Comparison): boolean {
  return Number(one.delta) === 0;
}
