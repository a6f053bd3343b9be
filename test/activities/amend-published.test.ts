import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
beforeEach(async () => {
  world = await createDataset();
  await world.plan();
  await world.throughPublication();
});
afterEach(() => world.end());

const watch = () => world.activities.watchLiveWrites({ backfillId: 'fix-tax', published: true });
const shown = () => world.as('dashboard', `SELECT * FROM finance.sales_current ORDER BY day, merchant`);
const marks = async () => (await world.query('SELECT FROM governance.dirty_partitions')).length;
/** The sources go wrong, and the pipeline touches a row of the day: the rows that it leaves as they are are judged. */
const spoil = () =>
  world.query(
    `UPDATE staging.sales SET gross = gross * 3 WHERE day = '2025-01-03'; UPDATE finance.sales_by_day SET net = net + 1 WHERE day = '2025-01-03' AND merchant = 1`,
  );

describe('a live write after publication whose batch fails its check', () => {
  it('never reaches readers: they keep the last good rows, and the write its mark', async () => {
    const before = await shown();
    await spoil();
    expect(await watch()).toMatchObject({ kind: 'failed', batch: 1, check: { name: 'delta:net' } });
    expect(await shown()).toEqual(before);
    expect(await marks()).toBe(1);
    expect(await world.query('SELECT state FROM governance.backfill_batches WHERE batch = 1')).toEqual([
      { state: 'passed' },
    ]);
    expect(
      await world.query(
        `SELECT bytes > 0 AS counted FROM governance.backfill_spending WHERE what = 'catch up batch 1, not kept'`,
      ),
    ).toEqual([{ counted: true }]);
  });

  it('is followed once the sources are right again', async () => {
    await spoil();
    await watch();
    await world.query(`UPDATE staging.sales SET gross = gross / 3 WHERE day = '2025-01-03'`);
    expect(await watch()).toMatchObject({ kind: 'rebuilt' });
    expect(await marks()).toBe(0);
  });
});
