import type { Diverges } from '../src/protocol/activities.ts';
import type { PhaseEnd, Run } from './run.ts';

/** Live writes come faster than they are followed: nothing is published, and a person decides when to try again. */
export function holdDiverging(run: Run, { reason, liveWrites }: Diverges): PhaseEnd {
  run.apply({ type: 'liveWritesSeen', liveWrites });
  return { type: 'held', hold: { reason, check: null, batch: null } };
}
