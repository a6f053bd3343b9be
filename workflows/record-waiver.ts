import type { Waiver } from '../src/domain/waiver.ts';
import type { Recorded } from '../src/protocol/activities.ts';
import type { Run } from './run.ts';
import { activityReason } from './run.ts';

/** Whether a waiver was asked for and the ledger took it. */
export async function recordWaiver(run: Run): Promise<boolean> {
  const request = run.first('waive');
  if (request === undefined) return false;
  const recorded = await told(run, request.waiver);
  if (recorded.kind === 'recorded') run.apply({ type: 'waived', waiver: request.waiver });
  else run.refuse('waive', recorded.reason);
  run.done(request);
  return recorded.kind === 'recorded';
}

/** A ledger that will not take it must not end a hold or a watch. */
async function told(run: Run, waiver: Waiver): Promise<Recorded> {
  try {
    return await run.on.light.recordDecision({ ...run.ref, decision: { kind: 'waive', waiver } });
  } catch (error) {
    return { kind: 'refused', reason: activityReason(error) };
  }
}
