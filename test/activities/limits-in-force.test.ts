import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeSlot } from '../../src/ledger/attempts.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

const RUN = { backfillId: 'fix-tax' };
const MORE = { maxConcurrency: 3, dailyBytesBudget: null };

/** Others hold every slot of the plan: only what takes the limits in force, which allow one more, comes to its end. */
describe('where more statements may work at once than the plan says', () => {
  let world: SmallDataset;
  const others: pg.PoolClient[] = [];
  beforeEach(async () => {
    world = await createDataset();
    const { spec } = await world.plan();
    expect(spec.execution.maxConcurrency).toBe(2);
    await world.preserve();
    await world.build();
  });
  afterEach(async () => {
    for (const other of others.splice(0)) other.release(true);
    await world.end();
  });

  const lateWrite = () => world.query(`UPDATE finance.sales_by_day SET gross = gross WHERE day = '2025-01-03'`);
  const takeEverySlotOfThePlan = async (): Promise<void> => {
    const { text, values } = takeSlot(RUN.backfillId, 2);
    for (const slot of [0, 1]) {
      const other = await world.admin.connect();
      others.push(other);
      await other.query('BEGIN');
      expect((await other.query(text, [...values])).rows).toEqual([{ slot }]);
    }
  };

  it('evidence, the look at the sources, the switch, the watch and consolidation take them', async () => {
    await takeEverySlotOfThePlan();
    await lateWrite();
    expect(await world.activities.concludeEvidence({ ...RUN, limits: MORE })).toMatchObject({ kind: 'concluded' });
    await world.approve();
    await lateWrite();
    const published = await world.activities.publishRelease({ ...RUN, windowMs: 60_000, limits: MORE });
    expect(published).toMatchObject({ kind: 'published' });
    await lateWrite();
    const watched = await world.activities.watchLiveWrites({ ...RUN, published: true, limits: MORE });
    expect(watched).toMatchObject({ kind: 'rebuilt' });
    await lateWrite();
    await world.signOff();
    const moved = await world.activities.consolidateClaim({ ...RUN, limits: MORE });
    expect(moved).toMatchObject({ done: true, stopped: null });
    expect(await world.query(`SELECT FROM governance.backfill_partitions WHERE builds = 5`)).toHaveLength(1);
  });
});
