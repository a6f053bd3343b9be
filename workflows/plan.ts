import type { PlanOutcome, Resumption } from '../src/protocol/activities.ts';
import type { BackfillInput } from '../src/protocol/launch.ts';
import type { Phase, PhaseEnd, Run } from './run.ts';
import { activityReason } from './run.ts';
import { diskFull } from './through-gate.ts';

/** Nothing is written unless the plan stands; a refused plan ends the run. */
export function planWith(launch: BackfillInput | undefined): Phase {
  return async (run) => {
    for (;;) {
      if (run.take('abort')) return { type: 'moved', to: 'aborting' };
      if (run.isLong()) return { type: 'continueAsNew' };
      const outcome = await draw(run, launch);
      if (outcome === 'interrupted') continue;
      if (outcome.kind === 'refused') return { type: 'moved', to: 'failed', because: outcome.reasons.join('\n') };
      run.apply({ ...outcome, type: 'planned' });
      const resumed = outcome.resume === null ? null : takeUp(run, outcome.resume);
      if (resumed !== null) return resumed;
      return run.take('abort') ? { type: 'moved', to: 'aborting' } : { type: 'moved', to: 'proving' };
    }
  };
}

/** Whatever goes wrong before anything is written refuses the plan, with its reason. */
async function draw(run: Run, launch: BackfillInput | undefined): Promise<PlanOutcome | 'interrupted'> {
  try {
    return await run.unlessStopped(() =>
      run.on.warehouse.planBackfill.executeWithOptions(
        { summary: 'read the documents, look at the catalogue, run samples, freeze the plan' },
        [{ launch: launch ?? null, workflowId: run.state.workflowId }],
      ),
    );
  } catch (error) {
    if (diskFull(error) !== null) throw error;
    return { kind: 'refused', reasons: [activityReason(error)] };
  }
}

/** A run whose workflow was terminated goes on where the ledger holds it; null where that is on the way of a new run. */
function takeUp(run: Run, resumption: Resumption): PhaseEnd | null {
  const { at, release, signOffs, evidence, approvals, ...kept } = resumption;
  // A release that is rolled back while a new one is prepared is of no more use than to a new run.
  if (at !== null && release !== null) showRelease(run, release);
  const published = at === null ? { signOffs: [], evidence: null, approvals: [] } : { signOffs, evidence, approvals };
  run.apply({ type: 'takenUp', ...kept, ...published });
  if (at === null) return null;
  return { type: 'moved', to: at, because: `the ledger holds this run in ${at}: it is taken up again there` };
}

function showRelease(run: Run, release: NonNullable<Resumption['release']>): void {
  const { releaseId, publishedAt, state, deadline, rollbackStatement, shape, consolidatedAt } = release;
  run.apply({
    type: 'published',
    release: { releaseId, publishedAt, state: 'published' },
    deadline,
    statement: rollbackStatement,
  });
  if (state === 'published') run.apply({ type: 'reshaped', shape, statement: rollbackStatement });
  if (state === 'rolled_back') run.apply({ type: 'rolledBack', at: new Date().toISOString() });
  if (state === 'consolidated')
    run.apply({ type: 'consolidated', retainUntil: retainUntil(run, consolidatedAt ?? undefined) });
}

/** The snapshot is kept from the moment in which the overlay was retired. */
export function retainUntil(run: Run, consolidatedAt?: string): string {
  const from = consolidatedAt === undefined ? Date.now() : Date.parse(consolidatedAt);
  return new Date(from + (run.state.plan?.retainAfterSignOffMs ?? 0)).toISOString();
}
