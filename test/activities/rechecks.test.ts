import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
beforeEach(async () => {
  world = await createDataset();
  await world.plan();
  await world.preserve();
});
afterEach(() => world.end());

const RUN = { backfillId: 'fix-tax' };
const LIMITS = { maxConcurrency: 1, dailyBytesBudget: null };
const firstBatch = () => world.activities.rebuildClaim({ ...RUN, claim: { from: 1, to: 1 }, lane: 1, limits: LIMITS });
const builds = (): Promise<{ start: string; builds: number }[]> =>
  world.query(
    `SELECT partition_start AS start, builds FROM governance.backfill_partitions WHERE batch = 1 AND builds <> 1 ORDER BY 1`,
  );
const state = async (batch: number): Promise<string | undefined> =>
  (
    await world.query<{ state: string }>(
      `SELECT state FROM governance.backfill_batches WHERE backfill_id = 'fix-tax' AND batch = ${batch}`,
    )
  )[0]?.state;

/** Done by the server in the transaction of a checkpoint, so that it falls between build and check; the first time only. */
const afterBuildOf = (day: string, action: string) =>
  world.query(
    `CREATE FUNCTION public.meanwhile() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN ${action}; RETURN NULL; END $$;
     CREATE TRIGGER meanwhile AFTER UPDATE ON governance.backfill_partitions FOR EACH ROW
       WHEN (NEW.partition_start = '${day}' AND NEW.builds = 1 AND OLD.builds = 0) EXECUTE FUNCTION public.meanwhile()`,
  );
const SALE = `INSERT INTO staging.sales (day, merchant, gross, tax) VALUES ('2025-01-03', 2, 10, 1)`;

describe('a batch that fails its check', () => {
  it('because a source was committed before its table, is built again where the source moved, and passes', async () => {
    await afterBuildOf('2025-01-05', SALE);
    expect(await firstBatch()).toMatchObject({ rest: null, stopped: null });
    expect(await builds()).toEqual([{ start: '2025-01-03', builds: 2 }]);
    expect(await state(1)).toBe('passed');
  });

  it('while a live write is open on it is built again where the write was, and passes', async () => {
    await world.query(`UPDATE finance.sales_before SET net = net WHERE false`);
    await afterBuildOf(
      '2025-01-05',
      `UPDATE finance.sales_by_day_v2 SET net = net * 3 WHERE day = '2025-01-04';
       INSERT INTO governance.dirty_partitions (backfill_id, key) VALUES ('fix-tax', '2025-01-04')`,
    );
    expect(await firstBatch()).toMatchObject({ rest: null, stopped: null });
    expect(await builds()).toEqual([{ start: '2025-01-04', builds: 2 }]);
  });

  it('fails for good when building again changes nothing, after one more build of what differs', async () => {
    await world.query(`CREATE TABLE staging.more AS SELECT date '2025-01-03' AS day, 7::numeric AS gross`);
    const [total] = await world.query<{ plan: string }>(`SELECT plan::text AS plan FROM governance.backfill_runs`);
    const plan = (total?.plan ?? '').replace(
      'from staging.sales s\\nwhere s.day >= :range_start',
      'from (select day, gross from staging.sales union all select * from staging.more) s\\nwhere s.day >= :range_start',
    );
    await world.query(`GRANT SELECT ON staging.more TO backfill_worker`);
    await world.query(`UPDATE governance.backfill_runs SET plan = $1::json`, [plan]);
    const { stopped } = await firstBatch();
    expect(stopped).toMatchObject({ kind: 'failed', batch: 1, check: { name: 'source_total:gross', figure: '7.00' } });
    expect(await builds()).toEqual([{ start: '2025-01-03', builds: 2 }]);
  });
});

describe('a batch whose check was cut off after a live write was rebuilt', () => {
  beforeEach(async () => {
    await world.build();
    await world.conclude();
    await world.query(`UPDATE governance.backfill_batches SET state = 'planned' WHERE batch = 2`);
  });

  it('is checked although no mark is left', async () => {
    expect(await world.activities.watchLiveWrites({ ...RUN, published: false })).toMatchObject({ kind: 'rebuilt' });
    expect(await state(2)).toBe('passed');
    await expect(world.activities.watchLiveWrites({ ...RUN, published: false })).rejects.toMatchObject({
      type: 'StillWaiting',
    });
  });

  it('is reported as long as it fails', async () => {
    await world.query(`UPDATE finance.sales_by_day_v2 SET net = NULL WHERE day = '2025-01-09' AND merchant = 1`);
    for (let look = 1; look <= 2; look += 1)
      expect(await world.activities.watchLiveWrites({ ...RUN, published: false })).toMatchObject({
        kind: 'failed',
        batch: 2,
        check: { name: 'required:net' },
      });
  });
});
