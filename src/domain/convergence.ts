/** What the newest passes of a catch-up did, one after the other. */
export interface CatchUpPasses {
  readonly passes: number;
  /** Partitions rebuilt in them because of live writes. */
  readonly rebuilt: number;
  /** Partitions that became dirty since the first of them began: those rebuilt, and by how much more are dirty now than were then. */
  readonly dirtied: number;
  /** For how long something was dirty since then; a pause between two passes counts where the first left something. */
  readonly busySeconds: number;
  /** From the begin of the first to now. */
  readonly elapsedSeconds: number;
}

export interface Convergence {
  /** Partitions a second that live writes dirty; null where no pass was measured. */
  readonly dirtiedPerSecond: number | null;
  /** What one partition costs, its share of the checks included; null where no pass was measured. */
  readonly secondsPerRebuild: number | null;
  /** Their product: the share of its time that catching up needs. Below 1 it comes to an end. */
  readonly load: number | null;
  /** Null: too little was measured to tell. */
  readonly converges: boolean | null;
}

/** With fewer, one busy moment of the pipeline would stop a run. */
const PASSES_TO_TELL = 20;
const SECONDS_TO_TELL = 30;
/** Where each pass takes minutes, so many are not waited for. */
const LONG_PASSES_TO_TELL = 5;
const LONG_SECONDS_TO_TELL = 600;
/** Three clocks are read and divided; a millisecond among minutes must not make one out of 0.9999. */
const ONE = 0.999;

/**
 * Whether rebuilds outrun the live pipeline: `dirty partitions per second × seconds per rebuild < 1`. A partition that is
 * written many times before it is rebuilt was dirtied once. Where nothing but what was dirtied anew is ever left, the
 * product is exactly 1, and the work would never end.
 */
export function judgeConvergence(seen: CatchUpPasses): Convergence {
  const { passes, rebuilt, dirtied, busySeconds, elapsedSeconds } = seen;
  if (rebuilt === 0 || elapsedSeconds <= 0)
    return { dirtiedPerSecond: null, secondsPerRebuild: null, load: null, converges: null };
  const dirtiedPerSecond = Math.max(0, dirtied) / elapsedSeconds;
  const secondsPerRebuild = busySeconds / rebuilt;
  const load = dirtiedPerSecond * secondsPerRebuild;
  const isEnough =
    (passes >= PASSES_TO_TELL && elapsedSeconds >= SECONDS_TO_TELL) ||
    (passes >= LONG_PASSES_TO_TELL && elapsedSeconds >= LONG_SECONDS_TO_TELL);
  return { dirtiedPerSecond, secondsPerRebuild, load, converges: isEnough ? load < ONE : null };
}
