import { missingSignOffs } from '../src/domain/parties.ts';
import type { Phase, Run } from './run.ts';
import { watchRelease } from './watch-release.ts';

/** Each party of the contract says that the old version may go; until then one statement brings it back. */
export const awaitSignOff: Phase = async (run) => {
  for (;;) {
    await recordSignOffs(run);
    const missing = missingSignOffs(run.state.plan?.signOff ?? [], run.state.signOffs);
    if (missing.length === 0 && !run.asked('rollback')) return { type: 'moved', to: 'consolidating' };
    const end = await watchRelease(run);
    if (end !== null) return end;
  }
};

async function recordSignOffs(run: Run): Promise<void> {
  for (let request = run.first('signOff'); request !== undefined; request = run.first('signOff')) {
    const recorded = await run.on.light.recordDecision({
      ...run.ref,
      decision: { kind: 'signOff', party: request.by, releaseId: run.state.release?.releaseId ?? '' },
    });
    if (recorded.kind === 'recorded') run.apply({ type: 'signedOff', party: request.by });
    else run.refuse('signOff', recorded.reason);
    run.done(request);
  }
}
