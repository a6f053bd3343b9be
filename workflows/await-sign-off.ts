import { describeOpenMonitors } from '../src/domain/monitors-watched.ts';
import { missingSignOffs } from '../src/domain/parties.ts';
import { besideMonitors } from './beside-monitors.ts';
import type { Phase, PhaseEnd, Run } from './run.ts';
import { monitorsAreGood, watchRelease } from './watch-release.ts';

/** Each party of the contract says that the old version may go; until then one statement brings it back. */
export const awaitSignOff: Phase = (run) => besideMonitors(run, () => untilSignedOff(run));

async function untilSignedOff(run: Run): Promise<PhaseEnd> {
  for (;;) {
    await recordSignOffs(run);
    const isSigned = missingSignOffs(run.state.plan?.signOff ?? [], run.state.signOffs).length === 0;
    const isGood = monitorsAreGood(run);
    if (isSigned && isGood && !run.asked('rollback')) return { type: 'moved', to: 'consolidating' };
    const watch = (): Promise<PhaseEnd | null> => watchRelease(run);
    const end = await (isSigned && !isGood ? run.waiting({ reason: open(run) }, watch) : watch());
    if (end !== null) return end;
  }
}

function open({ state }: Run): string {
  return `every party signed off, and ${describeOpenMonitors(state)}; rows move when they are good or waived`;
}

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
