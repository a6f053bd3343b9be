import {
  ActivityFailure,
  ApplicationFailure,
  allHandlersFinished,
  condition,
  setCurrentDetails,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { BackfillState, Request, WaitingOn } from '../src/domain/backfill-state.ts';
import type { BackfillEvent } from '../src/domain/backfill-event.ts';
import { describeSignals, expiries, standing } from '../src/domain/pipeline-signals.ts';
import { reduce } from '../src/domain/reduce.ts';
import { isFinal } from '../src/domain/status.ts';
import type { Proxies } from './activity-proxies.ts';
import { createProxies } from './activity-proxies.ts';
import { currentDetails } from './current-details.ts';
import type { Cause } from './interruptions.ts';
import { Interruptions } from './interruptions.ts';
import { memoOf } from './memo.ts';
import { kindOfWait, searchAttributesOf } from './search-attributes.ts';

/** How a phase ends: with what happened, or because the history grew long. */
export type PhaseEnd = Extract<BackfillEvent, { type: 'moved' | 'held' }> | { readonly type: 'continueAsNew' };
export type Phase = (run: Run) => Promise<PhaseEnd>;

type RequestOf<K extends Request['kind']> = Extract<Request, { kind: K }>;

/** Messages told to the ledger by one activity: some tens of milliseconds of small inserts. */
const TOLD_AT_ONCE = 50;
/** Where a history ends whatever it is in the midst of: well below the server's own 51,200 events and 50 MB. */
const EVENTS_AT_MOST = 20_000;
const BYTES_AT_MOST = 20 * 1024 * 1024;

/** One run of the workflow: its state, and the few ways in which code may wait or be interrupted. */
export class Run {
  state: BackfillState;
  readonly on: Proxies = createProxies(workflowInfo().taskQueue);
  readonly #work = new Interruptions();
  /** Where the run began: what a successor is told has not advanced gets more room. */
  readonly #began: string;
  #shown = '';
  readonly #tellings = new Interruptions();
  #isTelling = false;
  #isLeaving = false;

  constructor(state: BackfillState) {
    this.state = state;
    this.#began = howFar(state);
  }

  get ref(): { backfillId: string } {
    return { backfillId: this.state.backfillId };
  }

  apply(event: BackfillEvent): void {
    this.state = reduce(this.state, event, new Date().toISOString());
    setCurrentDetails(currentDetails(this.state));
  }

  /** A request that changed nothing: shown with its reason, and told to the ledger. */
  refuse(message: string, reason: string): void {
    this.apply({ type: 'refused', message, reason });
    this.apply({ type: 'received', telling: { message, reason } });
  }

  /** Memo and search attributes, for when no worker answers; not for every step of progress, for each costs an event. */
  remember(): void {
    const memo = memoOf(this.state);
    const { plan } = this.state;
    // Only where the worker that planned said that the namespace knows them: an unknown one would block the run for ever.
    const isListed = plan?.searchAttributes === true;
    const shown = JSON.stringify([memo, isListed && kindOfWait(this.state)]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    upsertMemo(memo);
    if (plan !== null && isListed) upsertSearchAttributes(searchAttributesOf(this.state, plan));
  }

  /** Looked at when all that could be done was done: a wait that opens and ends within one workflow task costs nothing. */
  async keepRemembering(): Promise<never> {
    for (let seen = this.state; ; seen = this.state) {
      this.remember();
      await condition(() => this.state !== seen);
    }
  }

  /** After a change of status: memo for when no worker answers, ledger for everybody else. */
  async recordStatus(): Promise<void> {
    this.remember();
    const { status, since, endedBecause, hold, plan } = this.state;
    if (plan === null) return;
    await this.#note('recordStatus', () =>
      this.on.light.recordStatus({
        ...this.ref,
        status,
        since,
        because: hold?.reason ?? endedBecause ?? '',
        final: isFinal(status),
      }),
    );
  }

  /** Tells the ledger; where it will not hear, the reason is shown and the run goes on: a copy must not end the original. */
  async #note(message: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.apply({ type: 'refused', message, reason: activityReason(error) });
    }
  }

  /**
   * Tells the ledger what was received, in its order and beside the work: an answer must not wait for a warehouse that is
   * away. One activity at a time, however many messages came; what is not told yet is handed to the next run.
   */
  async keepTelling(): Promise<never> {
    for (;;) {
      await condition(() => !this.#isLeaving && this.state.plan !== null && this.state.untold.length > 0);
      const messages = this.state.untold.slice(0, TOLD_AT_ONCE);
      const upTo = messages.at(-1)?.number ?? 0;
      this.#isTelling = true;
      const told = await this.#tellings
        .run(
          () => this.on.light.recordMessages({ ...this.ref, messages }),
          () => true,
        )
        .catch((error: unknown) => {
          this.apply({ type: 'refused', message: 'recordMessages', reason: activityReason(error) });
        });
      // A repeated message finds itself in the ledger: what was interrupted is told again.
      if (told !== 'interrupted') this.apply({ type: 'told', upTo });
      this.#isTelling = false;
      if (this.isLong()) this.interrupt('long');
    }
  }

  /** Before this run ends: every handler is done, and the ledger was told everything. */
  async settled(): Promise<void> {
    await condition(() => allHandlersFinished() && (this.state.plan === null || this.state.untold.length === 0));
  }

  /** What the next run begins with. It waits for nobody: a ledger that is away would let this history grow meanwhile. */
  async handOver(): Promise<BackfillState> {
    this.#isLeaving = true;
    this.#tellings.interrupt('long');
    await condition(() => allHandlersFinished() && !this.#isTelling);
    this.apply({ type: 'continued', advanced: howFar(this.state) !== this.#began });
    return this.state;
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
    return this.state.paused === null && this.state.pipelineSignals.length === 0 && !this.asked('abort');
  }

  /** Live pipelines that signalled that they run and have not expired, in words; null where there is none. */
  signalled(): string | null {
    const { pipelineSignals, plan } = this.state;
    const open = standing(pipelineSignals, plan?.startedSignalExpiresMs, new Date().toISOString());
    return open.length === 0 ? null : describeSignals(open);
  }

  isLong(): boolean {
    return workflowInfo().historyLength >= this.state.historyBudget || workflowInfo().continueAsNewSuggested;
  }

  /**
   * Too long even for work that begins anew when it is interrupted. Each run that came to nothing gives the next twice the
   * room: a step that needs time must come to its end under a flood of messages, too.
   */
  #isOverlong(): boolean {
    const { historyLength, historySize } = workflowInfo();
    const room = Math.min(this.state.historyBudget * 2 ** this.state.begunAnew, EVENTS_AT_MOST);
    return historyLength >= room || historySize >= BYTES_AT_MOST;
  }

  /** Shows a wait as long as it lasts. */
  async waiting<T>(waitingOn: Omit<WaitingOn, 'since'> & { since?: string }, wait: () => Promise<T>): Promise<T> {
    if (this.state.waiting?.reason !== waitingOn.reason)
      this.apply({ type: 'waiting', waiting: { since: new Date().toISOString(), ...waitingOn } });
    try {
      return await wait();
    } finally {
      this.apply({ type: 'waiting', waiting: null });
    }
  }

  /** Runs an idle watch: any accepted message ends it, and so does a long history, for nothing is lost with it. */
  async watching<T>(watch: () => Promise<T>): Promise<T | 'interrupted'> {
    return this.#work.run(watch, () => true);
  }

  /** Runs work that any accepted message may interrupt; the work then returns its cursor, or is reported interrupted. */
  async stoppable<T>(work: () => Promise<T>): Promise<T | 'interrupted'> {
    return this.#work.run(work, (cause) => cause === 'asked' || this.#isOverlong());
  }

  /** Runs a step that has no cursor: only a pause or an abort interrupts it, for it then begins anew. */
  async unlessStopped<T>(step: () => Promise<T>): Promise<T | 'interrupted'> {
    return this.#work.run(step, () => this.state.paused !== null || this.asked('abort') || this.#isOverlong());
  }

  interrupt(cause: Cause): void {
    this.#work.interrupt(cause);
  }

  /**
   * Until nobody pauses and no signalled pipeline run is open, whatever its name; a signal that expires leaves the word to
   * the probe.
   * False: it is not free yet, but the history grew long meanwhile, or the caller has seen enough.
   */
  async untilFree(isOver: () => boolean = () => false): Promise<boolean> {
    const heard = (): boolean => this.asked('abort') || this.isLong() || isOver();
    let since = new Date().toISOString();
    while (!this.mayWork() && !heard()) {
      const { pipelineSignals, plan } = this.state;
      if (this.state.paused !== null || pipelineSignals.length === 0) {
        await condition(() => this.state.paused === null || heard());
        since = new Date().toISOString();
        continue;
      }
      const expire = expiries(pipelineSignals, plan?.startedSignalExpiresMs ?? 0);
      const reason = describeSignals(pipelineSignals);
      const over = (): boolean =>
        this.state.pipelineSignals !== pipelineSignals || this.state.paused !== null || heard();
      await this.waiting({ reason, since, until: new Date(expire.last).toISOString() }, async () => {
        if (!(await condition(over, Math.max(1, expire.first - Date.now())))) this.apply({ type: 'pipelinesExpired' });
      });
    }
    return this.mayWork() || this.asked('abort');
  }
}

function howFar({ since, progress, consolidated }: BackfillState): string {
  return [since, progress.partitionsDone, progress.partitionsRebuilt, consolidated].join();
}

/** The sentence of a failed activity, for people; anything else is a bug and is thrown on. */
export function activityReason(error: unknown): string {
  if (!(error instanceof ActivityFailure)) throw error;
  if (error.cause instanceof ApplicationFailure) return `${error.activityType}: ${error.cause.message}`;
  return `${error.activityType}: ${error.cause?.message ?? error.message}`;
}
