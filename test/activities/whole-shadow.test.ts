import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;

/** Every batch has passed: what happens to the shadow from here on is none of their checks' business. */
beforeAll(async () => {
  world = await createDataset();
  await world.plan();
  await world.preserve();
  await world.build();
});
afterAll(() => world.end());

const S = 'finance.sales_by_day_v2';
const COPY = (day: string, merchant: number): string =>
  `INSERT INTO ${S} SELECT '${day}', ${merchant}, gross, net, tax, updated_at, recalculated_at, backfill_id FROM ${S} WHERE day = '2025-01-03' AND merchant = 1`;

describe('a run whose batches all passed has no evidence while its shadow holds', () => {
  it.each([
    {
      what: 'a row that came into a partition after its check',
      damage: COPY('2025-01-10', 4711),
      undo: `DELETE FROM ${S} WHERE merchant = 4711`,
      figure: '1',
    },
    {
      what: 'a row outside every partition, where its constraint is gone',
      damage: `ALTER TABLE ${S} DROP CONSTRAINT backfill_interval; ${COPY('2025-03-01', 1)}; ${COPY('2025-03-02', 1)}`,
      undo: `DELETE FROM ${S} WHERE day > '2025-02-01'`,
      figure: '2',
    },
    {
      what: 'a row less than was built',
      damage: `CREATE TABLE gone AS SELECT * FROM ${S} WHERE day = '2025-01-03' AND merchant = 2; DELETE FROM ${S} WHERE day = '2025-01-03' AND merchant = 2`,
      undo: `INSERT INTO ${S} SELECT * FROM gone`,
      figure: '1',
    },
    {
      what: 'rows of another run',
      damage: `UPDATE ${S} SET backfill_id = 'another' WHERE day = '2025-01-03'`,
      undo: `UPDATE ${S} SET backfill_id = 'fix-tax'`,
      figure: '5',
    },
  ])('$what', async ({ damage, undo, figure }) => {
    await world.query(damage);
    try {
      expect(await world.activities.concludeEvidence({ backfillId: 'fix-tax' })).toMatchObject({
        kind: 'concluded',
        failed: { name: 'rows_outside', figure, limit: '0 rows outside their partitions' },
      });
    } finally {
      await world.query(undo);
    }
  });

  it('no such row', async () => {
    expect(await world.activities.concludeEvidence({ backfillId: 'fix-tax' })).toMatchObject({
      kind: 'concluded',
      failed: null,
    });
  });
});
