import { CancellationScope, condition } from '@temporalio/workflow';
import { Interruptions } from './interruptions.ts';
import type { Run } from './run.ts';
import { activityReason } from './run.ts';

export interface Announcing {
  /** Before the run continues as new. */
  stop(): Promise<void>;
  /** Before it ends: what nobody was told yet is tried once more. */
  finish(): Promise<void>;
}

/**
 * Whoever wants to hear of it is told beside the work, from the ledger's outbox: one activity, whose idle polls cost no
 * history. What cannot be delivered is shown, and stops nothing.
 */
export function announce(run: Run): Announcing {
  const beside = new Interruptions();
  let isOver = false;
  const announcing = beside.run(
    async () => {
      await condition(() => isOver || run.state.plan?.announces === true);
      while (!isOver) await tell(run);
    },
    () => true,
  );
  // A defect in it must not go unseen, nor keep anybody waiting.
  announcing.catch((error: unknown) => run.apply({ type: 'refused', message: 'announce', reason: String(error) }));
  const stop = async (): Promise<void> => {
    isOver = true;
    beside.interrupt('asked');
    await announcing.catch(() => undefined);
  };
  return {
    stop,
    finish: async () => {
      await stop();
      if (run.state.plan?.announces === true) await tell(run, true);
    },
  };
}

async function tell(run: Run, last?: true): Promise<void> {
  const known = run.state.undelivered ?? [];
  try {
    const { undelivered } = await run.on.light.deliverAnnouncements.executeWithOptions(
      { summary: last === true ? 'tell the last of it' : 'tell whoever wants to hear of it' },
      [{ ...run.ref, known, ...(last === undefined ? {} : { last }) }],
    );
    run.apply({ type: 'announced', undelivered });
  } catch (error) {
    if (CancellationScope.current().consideredCancelled) throw error;
    run.apply({ type: 'announced', undelivered: [activityReason(error)] });
    if (last !== true) throw error;
  }
  if (run.isLong()) run.interrupt('long');
}
