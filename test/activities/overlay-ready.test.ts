import { expect, it } from 'vitest';
import { createDataset } from '../support/small-dataset.ts';

it('an overlay is frozen, all visible and analysed before readers meet it', async () => {
  const world = await createDataset();
  try {
    // The tests' server commits asynchronously, and a page is not all visible before its commits are flushed.
    await world.query(
      `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = on', current_database()); END $$`,
    );
    await world.plan();
    await world.throughPublication();
    expect(
      await world.query(
        `SELECT relpages > 0 AS filled, relallvisible = relpages AS visible, age(relfrozenxid) < 1000 AS frozen,
                (SELECT count(*)::int FROM pg_statistic WHERE starelid = c.oid) > 0 AS analysed
           FROM pg_class c WHERE oid = 'finance.sales_by_day_v2'::regclass`,
      ),
    ).toEqual([{ filled: true, visible: true, frozen: true, analysed: true }]);
  } finally {
    await world.end();
  }
});
