/** Milliseconds on the one clock that all threads of this process share, with fractions. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Something took this long, from when to when. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export function lengthOf({ from, to }: Window): number {
  return to - from;
}

export function overlaps(one: Window, other: Window): boolean {
  return one.from < other.to && other.from < one.to;
}
