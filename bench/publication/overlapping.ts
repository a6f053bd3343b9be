import type { Window } from './clock.ts';
import { lengthOf, overlaps } from './clock.ts';

/** What a thread did, one after the other. */
export interface Done {
  readonly from: Float64Array;
  readonly to: Float64Array;
}

/** How long each took that overlaps one of the windows. */
export function timesOverlapping(done: readonly Done[], windows: readonly Window[]): number[] {
  return done.flatMap(({ from, to }) => {
    const times: number[] = [];
    for (const [at, began] of from.entries()) {
      const one = { from: began, to: to[at] ?? began };
      if (windows.some((window) => overlaps(one, window))) times.push(lengthOf(one));
    }
    return times;
  });
}

/**
 * The same windows in a time in which nothing happened. A long read is likelier to overlap a window than a short one:
 * only windows of the same lengths pick reads of the same kind.
 */
export function windowsWithin(control: Window, windows: readonly Window[], began: number): Window[] {
  return windows.map((window) => {
    const room = lengthOf(control) - lengthOf(window);
    const from = control.from + (room > 0 ? (window.from - began) % room : 0);
    return { from, to: from + lengthOf(window) };
  });
}
