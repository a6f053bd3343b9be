import { CancellationScope, sleep } from '@temporalio/workflow';
import { breachDecision, monitorCheck, monitorsAreSeen, openMonitors } from '../src/domain/monitors-watched.ts';
import type { WatchOutcome } from '../src/protocol/activities.ts';
import { holdPublished } from './hold-published.ts';
import { recordWaiver } from './record-waiver.ts';
import { recount } from './recount.ts';
import { replan } from './replan.ts';
import type { PhaseEnd, Run } from './run.ts';
import { undone } from './undone.ts';

export interface Timer {
  readonly until: string;
  readonly summary: string;
}

/**
 * One stretch of watching a release: live writes are followed, the pointer is compared with what we believe, requests
 * are heard. Ends the phase, or returns null when there is nothing to decide yet.
 */
export async function watchRelease(run: Run, timer?: Timer): Promise<PhaseEnd | null> {
  if (run.asked('rollback')) return { type: 'moved', to: 'rollingBack' };
  const breach = breachDecision(run.state);
  if (breach?.kind === 'hold')
    return { type: 'held', hold: { reason: breach.reason, check: monitorCheck(breach.monitor), batch: null } };
  if (run.asked('waive')) {
    await recordWaiver(run);
    return null;
  }
  if (run.asked('replan')) return replan(run);
  const reshape = run.take('reshape');
  if (reshape !== undefined) {
    const { shape, by } = reshape;
    const { rollbackStatement } = await run.on.steps.reshapeView.executeWithOptions(
      { summary: `view becomes ${shape}` },
      [{ ...run.ref, shape, by }],
    );
    run.apply({ type: 'reshaped', shape, statement: rollbackStatement });
    return null;
  }
  if (run.isLong()) return { type: 'continueAsNew' };
  const outcome = await untilDue(run, timer, () => run.watching(() => watch(run)));
  return outcome === 'interrupted' ? null : react(run, outcome);
}

/** Every monitor of the plan was measured since the publication, and each is good or let pass. */
export function monitorsAreGood({ state }: Run): boolean {
  return monitorsAreSeen(state) && openMonitors(state).length === 0;
}

function watch(run: Run): Promise<WatchOutcome> {
  return run.on.warehouse.watchLiveWrites.executeWithOptions({ summary: 'follow live writes, watch the release' }, [
    {
      ...run.ref,
      published: true,
      limits: run.state.limits,
      ...(run.state.drift == null ? {} : { drift: run.state.drift }),
    },
  ]);
}

/** The timer ends the watch, which then says how far it came: nothing runs on unseen. */
async function untilDue<T>(run: Run, timer: Timer | undefined, wait: () => Promise<T>): Promise<T> {
  if (timer === undefined) return wait();
  const clock = new CancellationScope();
  clock
    .run(() => sleep(Math.max(1, Date.parse(timer.until) - Date.now()), { summary: timer.summary }))
    .then(
      () => run.interrupt('asked'),
      () => undefined,
    );
  try {
    return await wait();
  } finally {
    clock.cancel();
  }
}

function react(run: Run, outcome: WatchOutcome): PhaseEnd | null {
  switch (outcome.kind) {
    case 'rolledBackByHand':
      return undone(run, outcome, 0);
    case 'failed':
      return holdPublished(outcome);
    case 'rebuilt':
      recount(run, outcome.counts, outcome.liveWrites);
      return null;
    case 'drifted':
      run.apply({ type: 'drifted', reason: outcome.reason });
      return null;
    case 'lag':
      run.apply({ type: 'liveWritesSeen', liveWrites: outcome.liveWrites });
      return null;
    case 'diverges':
    case 'approvalVoid':
      return null;
  }
}
