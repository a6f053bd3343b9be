import type { CapturedWrite } from './captured-writes.ts';
import type { LoopDelay } from './loop-delay.ts';
import type { SwitchRound } from './switch-rounds.ts';
import type { TimedStatement } from './timed-pool.ts';
import type { TrafficResult } from './traffic.ts';
import type { ViewRead } from './view-reads.ts';

/** Everything that was seen, before anything is made of it. */
export interface Measured {
  readonly days: number;
  readonly rowsPerDay: number;
  readonly rounds: readonly SwitchRound[];
  readonly heard: readonly TimedStatement[];
  readonly traffic: TrafficResult;
  readonly mixedReads: number;
  readonly lostRows: number;
  readonly views: readonly ViewRead[];
  readonly writes: readonly CapturedWrite[];
  readonly compareDelay: readonly LoopDelay[];
}
