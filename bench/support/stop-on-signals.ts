/** What was started is stopped on Ctrl-C and SIGTERM too. Answers what to call once it was stopped in the usual way. */
export function stopOnSignals(stop: () => Promise<void>): () => void {
  const onSignal = (): void => void stop().finally(() => process.exit(130));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  return () => void process.removeListener('SIGINT', onSignal).removeListener('SIGTERM', onSignal);
}
