import type { Worker } from 'node:worker_threads';
import type { Comparison, ComparisonResult } from './compare-thread.ts';
import { BACKFILL_ID, BASE, VIEW } from './dataset.ts';
import type { ReadName } from './reads.ts';
import { readsOf } from './reads.ts';
import { ask } from './thread.ts';
import type { World } from './world.ts';

export const MODES = ['simple', 'prepared'] as const;
export type Mode = (typeof MODES)[number];
/** How the view is while it is read; the last two once more by consumers that may not start parallel workers. */
export const SHAPES = [
  'armed, not switched',
  'armed',
  'settled',
  'consolidated',
  'armed, no workers',
  'settled, no workers',
] as const;
export type Shape = (typeof SHAPES)[number];

/** The same read through the view and from the table, in turns. */
export interface ViewRead {
  readonly shape: Shape;
  readonly read: ReadName;
  readonly mode: Mode;
  readonly view: Float64Array;
  readonly table: Float64Array;
  /** The read through the view is planned for parallel workers. */
  readonly parallel: boolean;
}

/** How often each is read, by how often a point is: a quick read many times, so that its median stands still. */
const SHARE: Readonly<Record<ReadName, number>> = { point: 1, day: 0.75, month: 0.2, edge: 0.2, full: 0.03 };

export async function measureShape({ dates }: World, thread: Worker, shape: Shape, reads: number): Promise<ViewRead[]> {
  const measured: ViewRead[] = [];
  const table = readsOf(BASE, dates);
  for (const [at, { name, text }] of readsOf(VIEW, dates).entries())
    for (const mode of MODES) {
      const comparison: Comparison = {
        one: text,
        other: table[at]?.text ?? '',
        times: Math.ceil(reads * SHARE[name]),
        prepared: mode === 'prepared',
        numbered: false,
        workers: !shape.endsWith('no workers'),
      };
      const { one, other, parallel } = await ask<ComparisonResult>(thread, comparison);
      measured.push({ shape, read: name, mode, view: one, table: other, parallel });
    }
  return measured;
}

/** Armed and settled in turns; the release is published. */
export async function measurePublishedShapes(
  world: World,
  thread: Worker,
  { rounds, reads }: { readonly rounds: number; readonly reads: number },
): Promise<ViewRead[]> {
  const measured: ViewRead[] = [];
  for (let round = 1; round <= rounds; round += 1)
    for (const shape of ['armed', 'settled'] as const) {
      await world.activities.reshapeView({ backfillId: BACKFILL_ID, shape, by: 'bench' });
      measured.push(...(await measureShape(world, thread, shape, reads)));
      measured.push(...(await measureShape(world, thread, `${shape}, no workers`, reads)));
    }
  return measured;
}
