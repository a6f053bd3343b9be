const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Calls `stop` at Ctrl-C, SIGTERM and a closed terminal. The same signal once more means at once; what is left running is
 * adopted by the next start. A hang-up never does: terminal and shell both send it, and `npm run` passes SIGTERM on after it.
 */
export function onStopSignal(stop: () => void): void {
  const seen = new Set<NodeJS.Signals>();
  for (const signal of STOP_SIGNALS)
    process.on(signal, () => {
      if (signal !== 'SIGHUP' && seen.has(signal)) process.exit(130);
      seen.add(signal);
      stop();
    });
}

/** A closed terminal takes no more text; without a listener the first line that is written there would end the process uncleanly. */
export function whenOutputIsLost(lost: (error: NodeJS.ErrnoException) => void): void {
  process.stdout.on('error', lost);
  process.stderr.on('error', lost);
}
