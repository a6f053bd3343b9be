/** A run of the live pipeline that was signalled and did not end yet, as far as anybody said. */
export interface PipelineSignal {
  readonly name: string;
  /** Of the newest start of this name: a signal expires from there. */
  readonly since: string;
}

/** A state is handed from run to run. A dataset is written by a handful of pipelines; what exceeds that is a mistake in a name. */
export const SIGNALS_KEPT = 20;
export const NAME_CHARACTERS = 100;

/** A repeated start renews: the name's earlier run may have ended without a word. */
export function withStarted(
  signals: readonly PipelineSignal[],
  name: string,
  since: string,
): readonly PipelineSignal[] {
  return [...signals.filter((signal) => signal.name !== name), { name, since }];
}

/** Without a name every run has ended. */
export function withFinished(signals: readonly PipelineSignal[], name: string | null): readonly PipelineSignal[] {
  return name === null ? [] : signals.filter((signal) => signal.name !== name);
}

/** Those that have not expired: for the others the probe has the word. Before there is a plan none expires. */
export function standing(
  signals: readonly PipelineSignal[],
  expiresMs: number | undefined,
  nowIso: string,
): readonly PipelineSignal[] {
  if (expiresMs === undefined) return signals;
  return signals.filter(({ since }) => Date.parse(since) + expiresMs > Date.parse(nowIso));
}

/** When the first and the last of them expire, in milliseconds since 1970. */
export function expiries(signals: readonly PipelineSignal[], expiresMs: number): { first: number; last: number } {
  const instants = signals.map(({ since }) => Date.parse(since) + expiresMs);
  return { first: Math.min(...instants), last: Math.max(...instants) };
}

export function namesOf(signals: readonly PipelineSignal[]): string {
  return signals.map(({ name }) => name).join(', ');
}

export function describeSignals(signals: readonly PipelineSignal[]): string {
  const names = namesOf(signals);
  return signals.length === 1
    ? `the live pipeline ${names} signalled that it runs; livePipelineFinished ends it`
    : `the live pipelines ${names} signalled that they run; livePipelineFinished ends each by its name, or all without one`;
}
