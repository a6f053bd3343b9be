import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import type { GateStop } from '../src/protocol/activities.ts';
import type { FailureType } from '../src/protocol/failures.ts';
import type { Run } from './run.ts';

const DISK_FULL: FailureType = 'DiskFull';

/** Waits, visibly, until the gate is open or a message interrupts. One activity, however long it takes. */
export async function throughGate(run: Run, gate: GateStop): Promise<void> {
  const { reason, until, diskFull } = gate;
  await run.waiting({ reason, ...(until === undefined ? {} : { until }) }, () =>
    run.watching(() =>
      run.on.light.awaitGate.executeWithOptions({ summary: `gate closed: ${reason}`.slice(0, 190) }, [
        { ...run.ref, limits: run.state.limits, ...(diskFull === undefined ? {} : { diskFull }) },
      ]),
    ),
  );
}

/** The stop of a step that found no room to write; null for any other error. */
export function diskFull(error: unknown): GateStop | null {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure) || cause.type !== DISK_FULL) return null;
  return { kind: 'gate', reason: cause.message, diskFull: true };
}
