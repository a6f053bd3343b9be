import { CancellationScope, sleep } from '@temporalio/workflow';
import { breachDecision } from '../src/domain/monitors-watched.ts';
import { WATCHING } from '../src/domain/status.ts';
import { Interruptions } from './interruptions.ts';
import type { Run } from './run.ts';
import { activityReason } from './run.ts';

/** After a failure that no retry helps: a person may have mended it. */
const AGAIN = '1 minute';

/**
 * Consumers are measured for as long as a release is watched, whatever else is waited for or followed: a live write that
 * ends the watch ends no measurement. One activity for all monitors, whose idle polls cost no history.
 */
export async function besideMonitors<T>(run: Run, phase: () => Promise<T>): Promise<T> {
  if (!isWatched(run)) return phase();
  const beside = new Interruptions();
  const looking = beside.run(
    () => keepLooking(run),
    () => true,
  );
  // Whoever waits hears of a defect below.
  looking.catch(() => undefined);
  try {
    return await phase();
  } finally {
    beside.interrupt('asked');
    await looking;
  }
}

function isWatched({ state }: Run): boolean {
  const status = state.status === 'held' ? state.hold?.from : state.status;
  const isPublished = state.release?.state === 'published';
  return (state.plan?.monitors ?? 0) > 0 && isPublished && status !== undefined && WATCHING.includes(status);
}

async function keepLooking(run: Run): Promise<never> {
  let told: string | null = null;
  for (;;) {
    try {
      const { monitors, at, flutters } = await run.on.warehouse.watchMonitors.executeWithOptions(
        { summary: 'measure what consumers see' },
        [{ ...run.ref, known: run.state.monitors ?? [], told, askedAt: run.state.since }],
      );
      told = at;
      run.apply({ type: 'monitorsSeen', monitors, flutters });
      askForRollback(run);
    } catch (error) {
      if (CancellationScope.current().consideredCancelled) throw error;
      // Not measured: not good either, so nothing is signed off meanwhile.
      run.apply({ type: 'monitorsUnknown', reason: activityReason(error) });
      await sleep(AGAIN, { summary: 'monitors are tried again' });
    }
    run.interrupt(run.isLong() ? 'long' : 'asked');
  }
}

/** The same request as a person's, and the same way back. */
function askForRollback(run: Run): void {
  const decision = breachDecision(run.state);
  if (decision?.kind !== 'rollback' || run.asked('rollback')) return;
  const { monitor, reason } = decision;
  run.apply({ type: 'requested', request: { kind: 'rollback', by: `monitor:${monitor.name}`, reason } });
}
