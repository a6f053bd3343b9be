import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  isCancellation,
  setCurrentDetails,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { BackfillState, Request, WaitingOn } from '../src/domain/backfill-state.ts';
import type { BackfillEvent } from '../src/domain/reduce.ts';
import { reduce } from '../src/domain/reduce.ts';
import { isFinal } from '../src/domain/status.ts';
import type { Proxies } from './activity-proxies.ts';
import { createProxies } from './activity-proxies.ts';
import { currentDetails, memoOf } from './current-details.ts';
import { searchAttributesOf } from './search-attributes.ts';

/** How a phase ends: with what happened, or because the history grew long. */
export type PhaseEnd = Extract<BackfillEvent, { type: 'moved' | 'held' }> | { readonly type: 'continueAsNew' };
export type Phase = (run: Run) => Promise<PhaseEnd>;

type RequestOf<K extends Request['kind']> = Extract<Request, { kind: K }>;

/** One run of the workflow: its state, and the few ways in which code may wait or be interrupted. */
export class Run {
  state: BackfillState;
  readonly on: Proxies = createProxies(workflowInfo().taskQueue);
  readonly #tellings = new Set<Promise<void>>();
  /** Work under way, and which messages interrupt it. */
  readonly #scopes = new Map<CancellationScope, () => boolean>();

  constructor(state: BackfillState) {
    this.state = state;
  }

  get ref(): { backfillId: string } {
    return { backfillId: this.state.backfillId };
  }

  apply(event: BackfillEvent): void {
    this.state = reduce(this.state, event, new Date().toISOString());
    setCurrentDetails(currentDetails(this.state));
  }

  /** What the UI shows with every worker stopped; after a change of status, or of what undoes the release. */
  remember(): void {
    upsertMemo(memoOf(this.state));
  }

  /** After a change of status: memo for when no worker answers, ledger for everybody else. */
  async recordStatus(): Promise<void> {
    this.remember();
    const { status, since, endedBecause, plan } = this.state;
    if (plan === null) return;
    // Only where the worker that planned said that the namespace knows them: an unknown one would block the run for ever.
    if (plan.searchAttributes === true) upsertSearchAttributes(searchAttributesOf(this.state, plan));
    await this.note('recordStatus', () =>
      this.on.light.recordStatus({
        ...this.ref,
        status,
        since,
        because: endedBecause ?? '',
        final: isFinal(status),
      }),
    );
  }

  /** Tells the ledger; where it will not hear, the reason is shown and the run goes on: a copy must not end the original. */
  async note(message: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.apply({ type: 'refused', message, reason: activityReason(error) });
    }
  }

  /** Tells the ledger beside the work. */
  tell(message: string, write: () => Promise<void>): void {
    const telling = CancellationScope.nonCancellable(() => this.note(message, write)).finally(() =>
      this.#tellings.delete(telling),
    );
    this.#tellings.add(telling);
  }

  /** Before this run ends or continues as new: every handler is done, and the ledger was told everything. */
  async settled(): Promise<void> {
    await condition(() => allHandlersFinished() && this.#tellings.size === 0);
  }

  /** The oldest request of a kind. It stays known until `done`: a repeated message finds it and changes nothing. */
  first<K extends Request['kind']>(kind: K): RequestOf<K> | undefined {
    return this.state.requests.find((request): request is RequestOf<K> => request.kind === kind);
  }

  done(request: Request): void {
    this.apply({ type: 'requestDone', request });
  }

  /** Takes the oldest request of a kind, so that it is acted on once. */
  take<K extends Request['kind']>(kind: K): RequestOf<K> | undefined {
    const found = this.first(kind);
    if (found !== undefined) this.done(found);
    return found;
  }

  asked(kind: Request['kind']): boolean {
    return this.state.requests.some((request) => request.kind === kind);
  }

  /** Work may start: nobody paused, no signalled pipeline run, nobody gave up. */
  mayWork(): boolean {
    return this.state.paused === null && this.state.pipelineSignal === null && !this.asked('abort');
  }

  isLong(): boolean {
    return workflowInfo().historyLength >= this.state.historyBudget || workflowInfo().continueAsNewSuggested;
  }

  /** Shows a wait as long as it lasts. */
  async waiting<T>(waitingOn: Omit<WaitingOn, 'since'>, wait: () => Promise<T>): Promise<T> {
    if (this.state.waiting?.reason !== waitingOn.reason)
      this.apply({ type: 'waiting', waiting: { ...waitingOn, since: new Date().toISOString() } });
    try {
      return await wait();
    } finally {
      this.apply({ type: 'waiting', waiting: null });
    }
  }

  /** Runs work that any accepted message may interrupt; the work then returns its cursor, or is reported interrupted. */
  async stoppable<T>(work: () => Promise<T>): Promise<T | 'interrupted'> {
    return this.#interruptible(work, () => true);
  }

  /** Runs a step that has no cursor: only a pause or an abort interrupts it, for it then begins anew. */
  async unlessStopped<T>(step: () => Promise<T>): Promise<T | 'interrupted'> {
    return this.#interruptible(step, () => this.state.paused !== null || this.asked('abort'));
  }

  async #interruptible<T>(work: () => Promise<T>, interrupts: () => boolean): Promise<T | 'interrupted'> {
    const scope = new CancellationScope();
    this.#scopes.set(scope, interrupts);
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

  interrupt(): void {
    for (const [scope, interrupts] of this.#scopes) if (interrupts()) scope.cancel();
  }

  /**
   * Until nobody pauses and no signalled pipeline run is open; a signal that expires leaves the word to the probe.
   * False: it is not free yet, but the history grew long meanwhile.
   */
  async untilFree(): Promise<boolean> {
    const heard = (): boolean => this.asked('abort') || this.isLong();
    while (!this.mayWork() && !heard()) {
      const { pipelineSignal, plan } = this.state;
      if (this.state.paused !== null || pipelineSignal === null) {
        await condition(() => this.state.paused === null || heard());
        continue;
      }
      const until = Date.parse(pipelineSignal.since) + (plan?.startedSignalExpiresMs ?? 0);
      const reason = `the live pipeline ${pipelineSignal.name} signalled that it runs; livePipelineFinished ends it`;
      const over = (): boolean => this.state.pipelineSignal === null || this.state.paused !== null || heard();
      await this.waiting({ reason, until: new Date(until).toISOString() }, async () => {
        if (!(await condition(over, Math.max(1, until - Date.now())))) this.apply({ type: 'pipelineFinished' });
      });
    }
    return this.mayWork() || this.asked('abort');
  }
}

/** An attempt that failed just when it was cancelled is not retried by the server, and reports its failure instead. */
function wouldRetry(error: unknown): boolean {
  return (
    error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.nonRetryable !== true
  );
}

/** The sentence of a failed activity, for people; anything else is a bug and is thrown on. */
export function activityReason(error: unknown): string {
  if (!(error instanceof ActivityFailure)) throw error;
  if (error.cause instanceof ApplicationFailure) return `${error.activityType}: ${error.cause.message}`;
  return `${error.activityType}: ${error.cause?.message ?? error.message}`;
}
