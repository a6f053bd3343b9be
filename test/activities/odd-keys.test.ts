import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import type { ReconciliationFigures } from '../../src/domain/batch-verdict.ts';
import { reconcileSlice } from '../../src/warehouse/postgres/statements/reconcile-slice.ts';
import { planOf } from '../support/explained.ts';
import { NULL_KEYS, NULL_KEYS_TWICE } from '../support/null-keys.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
let plan: BackfillPlan;
beforeAll(async () => {
  world = await createDataset(NULL_KEYS);
  plan = await world.plan();
  await world.preserve();
  await world.build();
});
afterAll(() => world.end());

const figures = async (): Promise<ReconciliationFigures | undefined> =>
  (
    await world.query<{ figures: ReconciliationFigures }>(
      'SELECT figures FROM governance.backfill_batches WHERE batch = 1',
    )
  )[0]?.figures;

describe('keys of text, blanks at the end, beyond ASCII, and null', () => {
  it('are the same row on every side: each is changed, none comes or goes', async () => {
    expect(await figures()).toMatchObject({
      rowsOld: 30,
      rowsChanged: 30,
      rowsAdded: 0,
      rowsRemoved: 0,
      rowsLive: 0,
      duplicateKeys: 0,
      uniqueIndexMissing: 0,
      unexplained: 0,
    });
  });

  it.each([
    ['base', 'as snapshot and shadow', 'finance.sales_by_day'],
    ['snapshot', 'as the others', 'finance.sales_before'],
    ['shadow', 'as the others', 'finance.sales_by_day_v2'],
  ])('are read in one scan of the %s, %s, by a hash or a merge', async (_, __, table) => {
    const nodes = await planOf(world, reconcileSlice(plan, { start: '2025-01-01', end: '2025-01-08', batch: 1 }));
    expect(nodes.filter(({ relation }) => relation === table)).toHaveLength(1);
    const joins = nodes.filter(({ join }) => join === 'Full').map(({ node }) => node);
    expect(joins).toHaveLength(2);
    expect(joins.every((node) => node === 'Hash Join' || node === 'Merge Join')).toBe(true);
  });

  it('move into the base, and none is left behind', async () => {
    await world.conclude();
    await world.approve();
    await world.publish();
    await world.signOff();
    const done = await world.activities.consolidateClaim({
      backfillId: 'fix-tax',
      limits: { maxConcurrency: 1, dailyBytesBudget: null },
    });
    expect(done).toMatchObject({ done: true, stopped: null });
    const [left] = await world.query<{ rows: number }>(
      `SELECT count(*)::int AS rows FROM finance.sales_by_day b WHERE day <= '2025-01-14' AND net <> gross - tax`,
    );
    expect(left).toEqual({ rows: 0 });
    expect(await world.activities.retireOverlay({ backfillId: 'fix-tax' })).toEqual({ retired: true });
  });
});

it('a key that may be null under an index that lets it stand twice is refused', async () => {
  const other = await createDataset(NULL_KEYS_TWICE);
  try {
    const draft = await other.draft();
    expect(draft.kind === 'refused' ? draft.reasons : []).toContainEqual(
      'column shop of finance.sales_by_day may be null, and its unique index lets a null stand twice: ALTER TABLE finance.sales_by_day ALTER COLUMN shop SET NOT NULL, or make the index UNIQUE NULLS NOT DISTINCT',
    );
  } finally {
    await other.end();
  }
});
