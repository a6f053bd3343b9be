import type { GateStop } from '../src/protocol/activities.ts';
import type { Run } from './run.ts';

/** Waits, visibly, until the gate is open or a message interrupts. One activity, however long it takes. */
export async function throughGate(run: Run, gate: GateStop): Promise<void> {
  const { reason, until, diskFull } = gate;
  await run.waiting({ reason, ...(until === undefined ? {} : { until }) }, () =>
    run.stoppable(() =>
      run.on.light.awaitGate.executeWithOptions({ summary: `gate closed: ${reason}`.slice(0, 190) }, [
        { ...run.ref, limits: run.state.limits, ...(diskFull === undefined ? {} : { diskFull }) },
      ]),
    ),
  );
}
