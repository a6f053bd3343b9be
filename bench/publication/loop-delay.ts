import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How late a thread's event loop was: what it adds to a time that is measured there. */
export interface LoopDelay {
  readonly p99Ms: number;
  readonly maxMs: number;
}

const RESOLUTION_MS = 5;

/** Measures from now on; answers what there was until it is asked. */
export function watchLoopDelay(): () => LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return () => {
    histogram.disable();
    // What it records is the whole time between two of its timers.
    const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
    return { p99Ms: late(histogram.percentile(99)), maxMs: late(histogram.max) };
  };
}
