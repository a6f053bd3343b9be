import type { WatchOutcome } from '../src/protocol/activities.ts';
import { Interruptions } from './interruptions.ts';
import type { Run } from './run.ts';

export type RolledBackByHand = Extract<WatchOutcome, { kind: 'rolledBackByHand' }>;

/**
 * A wait of any length while a release is published: a rollback made by hand meanwhile ends it. One activity, whose idle
 * polls cost no history.
 */
export async function besidePointer<T>(
  run: Run,
  wait: (isOver: () => boolean) => Promise<T>,
): Promise<T | RolledBackByHand> {
  const beside = new Interruptions();
  let isOver = false;
  const summary = 'watch the release while nothing moves';
  const looking = beside
    .run(
      async () => {
        for (;;) {
          const seen = await run.on.warehouse.watchLiveWrites.executeWithOptions({ summary }, [
            { ...run.ref, published: true, pointerOnly: true },
          ]);
          if (seen.kind !== 'lag') return seen;
          run.apply({ type: 'liveWritesSeen', liveWrites: seen.liveWrites });
        }
      },
      () => true,
    )
    .finally(() => {
      isOver = true;
      run.interrupt('asked');
    });
  // Whoever waits hears of it below, not before the wait is over.
  looking.catch(() => undefined);
  try {
    const waited = await wait(() => isOver);
    beside.interrupt('asked');
    const seen = await looking;
    return seen !== 'interrupted' && seen.kind === 'rolledBackByHand' ? seen : waited;
  } finally {
    beside.interrupt('asked');
  }
}
