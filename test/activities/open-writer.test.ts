import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
beforeEach(async () => {
  world = await createDataset();
  await world.plan();
  await world.preserve();
  await world.build();
  await world.conclude();
  await world.query(
    'GRANT USAGE ON SCHEMA staging TO revenue_pipeline; GRANT USAGE ON ALL SEQUENCES IN SCHEMA staging TO revenue_pipeline',
  );
});
afterEach(() => world.end());

const LATE = `INSERT INTO staging.sales (day, merchant, gross, tax) VALUES ('2025-01-03', 90, 5, 1);
  INSERT INTO finance.sales_by_day (day, merchant, gross, net, tax) VALUES ('2025-01-03', 90, 5, 5, 1)`;

describe('a writer that is open while marks are taken', () => {
  it('of a partition that is marked already keeps its own mark, and nothing of it is lost', async () => {
    const writer = new pg.Client({ connectionString: world.urls.revenue_pipeline });
    await writer.connect();
    try {
      await world.as('revenue_pipeline', `UPDATE finance.sales_by_day SET net = net WHERE day = '2025-01-03'`);
      await writer.query(`BEGIN; ${LATE}`);
      await world.activities.watchLiveWrites({ backfillId: 'fix-tax', published: false });
      expect(await world.query('SELECT FROM governance.dirty_partitions')).toEqual([]);
      await writer.query('COMMIT');
    } finally {
      await writer.end();
    }
    expect(await world.query('SELECT key FROM governance.dirty_partitions')).toEqual([{ key: '2025-01-03' }]);
    await world.activities.watchLiveWrites({ backfillId: 'fix-tax', published: false });
    expect(await world.query('SELECT FROM finance.sales_by_day_v2 WHERE merchant = 90')).toHaveLength(1);
  });
});
