import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

/** Ours are the shadow and the snapshot; a table of such a name that somebody else made is not. */
describe('clean-up', () => {
  let world: SmallDataset;
  beforeEach(async () => {
    world = await createDataset();
    await world.plan();
    await world.preserve();
  });
  afterEach(() => world.end());

  const cleanUp = () => world.activities.cleanUp({ backfillId: 'fix-tax', keepSnapshot: false });
  const tables = async (): Promise<unknown[]> =>
    (
      await world.query<{ name: string }>(
        `SELECT relname AS name FROM pg_class WHERE relnamespace = 'finance'::regnamespace AND relkind = 'r' ORDER BY 1`,
      )
    ).map(({ name }) => name);
  /** The worker may drop it: nothing but its OID tells it from ours. */
  const plantNamesake = () =>
    world.query(
      `CREATE TABLE finance.sales_by_day_v2 AS SELECT 'theirs' AS whose; ALTER TABLE finance.sales_by_day_v2 OWNER TO backfill_worker`,
    );

  it('drops what the run made, and is done when it is asked again', async () => {
    expect(await tables()).toEqual(['sales_before', 'sales_by_day', 'sales_by_day_v2']);
    expect((await cleanUp()).dropped).toHaveLength(3);
    expect(await tables()).toEqual(['sales_by_day']);
    expect((await cleanUp()).dropped).toEqual([]);
  });

  it('leaves a table alone that has the name of one that is gone', async () => {
    await world.query('DROP TABLE finance.sales_by_day_v2');
    await plantNamesake();
    await cleanUp();
    expect(await world.query('SELECT whose FROM finance.sales_by_day_v2')).toEqual([{ whose: 'theirs' }]);
    expect(await tables()).toEqual(['sales_by_day', 'sales_by_day_v2']);
  });

  it('drops the table that the run made where it was given another name', async () => {
    await world.query('ALTER TABLE finance.sales_by_day_v2 RENAME TO sales_aside');
    await plantNamesake();
    await cleanUp();
    expect(await tables()).toEqual(['sales_by_day', 'sales_by_day_v2']);
  });
});
