import { sleep } from '@temporalio/workflow';
import type { WatchOutcome } from '../src/protocol/activities.ts';
import { holdPublished } from './hold-published.ts';
import { recount } from './recount.ts';
import type { PhaseEnd, Run } from './run.ts';
import { undone } from './undone.ts';

/**
 * One stretch of watching a release: live writes are followed, the pointer is compared with what we believe, requests
 * are heard. Ends the phase, or returns null when there is nothing to decide yet.
 */
export async function watchRelease(
  run: Run,
  timer?: { readonly until: string; readonly summary: string },
): Promise<PhaseEnd | null> {
  if (run.asked('rollback')) return { type: 'moved', to: 'rollingBack' };
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
  const outcome = await run.watching(() =>
    Promise.race([watch(run), ...(timer === undefined ? [] : [due(timer.until, timer.summary)])]),
  );
  return outcome === 'interrupted' || outcome === 'due' ? null : react(run, outcome);
}

function watch(run: Run): Promise<WatchOutcome> {
  return run.on.warehouse.watchLiveWrites.executeWithOptions({ summary: 'follow live writes, watch the release' }, [
    { ...run.ref, published: true },
  ]);
}

async function due(until: string, summary: string): Promise<'due'> {
  await sleep(Math.max(1, Date.parse(until) - Date.now()), { summary });
  return 'due';
}

function react(run: Run, outcome: WatchOutcome): PhaseEnd | null {
  switch (outcome.kind) {
    case 'rolledBackByHand':
      return undone(run, outcome, 0);
    case 'failed':
      return holdPublished(outcome);
    case 'rebuilt':
      recount(run, outcome.counts);
      return null;
    case 'approvalVoid':
      return null;
  }
}
