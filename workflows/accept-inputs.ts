import type { AcceptOutcome } from '../src/protocol/activities.ts';
import type { PhaseEnd, Run } from './run.ts';
import { activityReason } from './run.ts';

/** A retry where a reference input changed: what was shown is accepted, and what was built from something else goes back to the queue. */
export async function acceptInputs(run: Run): Promise<PhaseEnd | null> {
  const request = run.first('retry');
  if (request === undefined) return null;
  const outcome = await accept(run, request.by);
  // Something that goes before was asked for; this is still there when it was answered.
  if (outcome === 'interrupted') return null;
  run.done(request);
  if (outcome.kind === 'changedAgain') {
    run.refuse('retry', outcome.reason);
    return null;
  }
  run.apply({ type: 'inputsAccepted', counts: outcome.counts });
  return { type: 'moved', to: 'building', because: `${request.by} goes on with the reference inputs as they are` };
}

/** An error must not end the hold: it is shown, and asked for again by whoever wants it. */
async function accept(run: Run, by: string): Promise<AcceptOutcome | 'interrupted'> {
  const summary = `take the reference inputs as they are, asked by ${by}`.slice(0, 190);
  try {
    return await run.stoppable(() =>
      run.on.warehouse.acceptInputs.executeWithOptions({ summary }, [{ ...run.ref, by }]),
    );
  } catch (error) {
    return { kind: 'changedAgain', reason: activityReason(error) };
  }
}
