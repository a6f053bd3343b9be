import type { PhaseEnd, Run } from './run.ts';

/** Somebody rolled the release back by hand: what the ledger shows is so, and no later step runs over it. */
export function undone(run: Run, { at, by }: { readonly at: string; readonly by?: string }, moved: number): PhaseEnd {
  run.apply({ type: 'rolledBack', at });
  if (moved > 0) {
    const reason = `the release was rolled back by hand at ${at} after ${moved} partitions were consolidated: restore them from the snapshot, or close the run, which keeps the snapshot while the base differs from it`;
    return { type: 'held', from: 'consolidating', hold: { reason, check: null, batch: null } };
  }
  return {
    type: 'moved',
    to: 'rolledBack',
    ...(by === undefined ? {} : { because: `the ledger shows a rollback by ${by} at ${at}` }),
  };
}
