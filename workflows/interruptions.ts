import { ActivityFailure, ApplicationFailure, CancellationScope, isCancellation } from '@temporalio/workflow';

/** Why work under way may have to end early: somebody or something asked for it, or the history grew long. */
export type Cause = 'asked' | 'long';

/** Work under way, and what may interrupt it. */
export class Interruptions {
  readonly #scopes = new Map<CancellationScope, (cause: Cause) => boolean>();

  async run<T>(work: () => Promise<T>, endsIt: (cause: Cause) => boolean): Promise<T | 'interrupted'> {
    const scope = new CancellationScope();
    this.#scopes.set(scope, endsIt);
    try {
      return await scope.run(work);
    } catch (error) {
      if (isCancellation(error) || (scope.consideredCancelled && wouldRetry(error))) return 'interrupted';
      throw error;
    } finally {
      this.#scopes.delete(scope);
      scope.cancel();
    }
  }

  interrupt(cause: Cause): void {
    for (const [scope, endsIt] of this.#scopes) if (endsIt(cause)) scope.cancel();
  }
}

/** An attempt that failed just when it was cancelled is not retried by the server, and reports its failure instead. */
function wouldRetry(error: unknown): boolean {
  return (
    error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.nonRetryable !== true
  );
}
