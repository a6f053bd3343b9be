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

it('an index or a foreign key that the base gets meanwhile is not copied, and keeps readers from nothing', async () => {
  const world = await createDataset();
  try {
    await world.plan();
    await world.preserve();
    await world.build();
    await world.query(
      `CREATE TABLE finance.merchants AS SELECT DISTINCT merchant FROM finance.sales_by_day;
       ALTER TABLE finance.merchants ADD PRIMARY KEY (merchant);
       CREATE INDEX sales_by_merchant ON finance.sales_by_day (merchant);
       ALTER TABLE finance.sales_by_day ADD CONSTRAINT known_merchant FOREIGN KEY (merchant) REFERENCES finance.merchants`,
    );
    await world.conclude();
    await world.approve();
    expect(await world.publish()).toBe('FIN-1');
    expect(
      await world.query(
        `SELECT FROM pg_index WHERE indrelid = 'finance.sales_by_day_v2'::regclass AND NOT indisunique
         UNION ALL SELECT FROM pg_constraint WHERE conrelid = 'finance.sales_by_day_v2'::regclass AND contype = 'f'`,
      ),
    ).toEqual([]);
  } finally {
    await world.end();
  }
});
