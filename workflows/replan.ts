import { replannedTo } from '../src/domain/replanned-to.ts';
import type { Request } from '../src/domain/backfill-state.ts';
import type { ReplanOutcome } from '../src/protocol/activities.ts';
import type { PhaseEnd, Run } from './run.ts';
import { activityReason } from './run.ts';

/** A column was added to the base: shown what carrying it means, or carried, as a person reviewed it. Ends the phase where work goes on elsewhere. */
export async function replan(run: Run): Promise<PhaseEnd | null> {
  const request = run.first('replan');
  if (request === undefined) return null;
  const outcome = await draw(run, request);
  // Something that goes before was asked for; this is still there when it was answered.
  if (outcome === 'interrupted') return null;
  run.done(request);
  if (outcome.kind === 'refused') {
    run.refuse('replan', outcome.reason);
    return null;
  }
  if (outcome.kind === 'proposed') {
    run.apply({ type: 'proposed', planHash: outcome.planHash, lines: outcome.lines });
    return null;
  }
  const { plan, counts, rebuild } = outcome;
  run.apply({ type: 'replanned', plan, counts, rebuild });
  const to = replannedTo(run.state, rebuild);
  return to === null ? null : { type: 'moved', to, because: `${request.by} carried the added columns into the plan` };
}

/** An error must not end a hold, nor the watch of a release: it is shown, and asked for again by whoever wants it. */
async function draw(
  run: Run,
  { by, planHash }: Extract<Request, { kind: 'replan' }>,
): Promise<ReplanOutcome | 'interrupted'> {
  const summary = planHash === null ? 'what would a replan change?' : `replan, reviewed by ${by}`.slice(0, 190);
  try {
    return await run.stoppable(() =>
      run.on.warehouse.replan.executeWithOptions({ summary }, [{ ...run.ref, by, planHash }]),
    );
  } catch (error) {
    return { kind: 'refused', reason: activityReason(error) };
  }
}
