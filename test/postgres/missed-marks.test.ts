import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { captureIsWhole } from '../../src/warehouse/postgres/statements/elevated.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { failureOf } from '../support/sqlstate.ts';

let world: SmallDataset;
let plan: BackfillPlan;
beforeEach(async () => {
  world = await createDataset();
  plan = await world.plan();
  await world.preserve();
  await world.build();
  await world.conclude();
  await world.approve();
});
afterEach(() => world.end());

const RUN = { backfillId: 'fix-tax' };
const whole = async () => (await world.session((one) => one.one<{ whole: boolean }>(captureIsWhole(plan)))).whole;
const marks = () => world.query('SELECT FROM governance.dirty_partitions');
const lateWrite = `INSERT INTO finance.sales_by_day (day, merchant, gross, net, tax) VALUES ('2025-01-03', 90, 5, 4, 1)`;
const write = (text = lateWrite) => world.as('revenue_pipeline', text);
const diskFull = `CREATE FUNCTION public.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;
  CREATE TRIGGER disk_full BEFORE INSERT ON governance.dirty_partitions FOR EACH ROW EXECUTE FUNCTION public.full()`;

const FAILURES = [
  {
    why: 'its function may not write it',
    breaks: 'REVOKE INSERT ON governance.dirty_partitions FROM backfill_ledger',
    mends: 'GRANT INSERT ON governance.dirty_partitions TO backfill_ledger',
  },
  {
    why: 'its table is gone',
    breaks: 'ALTER TABLE governance.dirty_partitions RENAME TO elsewhere',
    mends: 'ALTER TABLE governance.elsewhere RENAME TO dirty_partitions',
  },
  { why: 'the disk is full', breaks: diskFull, mends: 'DROP FUNCTION public.full() CASCADE' },
];

describe('a writer that says of itself that its marks are missed', () => {
  it('switches marking off for nobody: the run is not published before the base was compared', async () => {
    await world.query(`INSERT INTO staging.sales (day, merchant, gross, tax) VALUES ('2025-01-03', 90, 5, 1)`);
    await write(
      `DO $$ BEGIN PERFORM set_config('controlled_backfill.marked_in', 'missed ' || pg_current_xact_id()::text, true); ${lateWrite}; END $$`,
    );
    expect(await marks()).toEqual([]);
    expect(await whole()).toBe(false);
    expect(await world.publish()).toBe('FIN-1');
    expect(await world.query('SELECT FROM finance.sales_by_day_v2 WHERE merchant = 90')).toHaveLength(1);
  });
});

describe('a live write whose mark cannot be written', () => {
  it.each(FAILURES)(
    'goes through where $why, and the run is not published before the base was compared and the day built again',
    async ({ breaks, mends }) => {
      await world.query(breaks);
      await world.query(`INSERT INTO staging.sales (day, merchant, gross, tax) VALUES ('2025-01-03', 90, 5, 1)`);
      await write();
      await world.query(mends);
      expect(await world.query('SELECT FROM finance.sales_by_day WHERE merchant = 90')).toHaveLength(1);
      expect(await marks()).toEqual([]);
      expect(await whole()).toBe(false);
      expect(await world.publish()).toBe('FIN-1');
      expect(await world.query('SELECT FROM finance.sales_by_day_v2 WHERE merchant = 90')).toHaveLength(1);
      expect(
        await world.query('SELECT partition_start AS day FROM governance.backfill_partitions WHERE builds > 1'),
      ).toEqual([{ day: '2025-01-03' }]);
    },
  );

  it('goes through as a TRUNCATE too', async () => {
    await world.query(diskFull);
    await write('TRUNCATE finance.sales_by_day');
    expect(await world.query('SELECT FROM finance.sales_by_day')).toEqual([]);
    expect(await whole()).toBe(false);
  });

  it('does not hold the pipeline up for longer than two seconds where the marks are locked, however many rows it writes', async () => {
    const holder = await world.admin.connect();
    try {
      await holder.query('BEGIN; LOCK TABLE governance.dirty_partitions IN ACCESS EXCLUSIVE MODE');
      const began = Date.now();
      await write(`UPDATE finance.sales_by_day SET net = net WHERE day < '2025-01-15'`);
      expect(Date.now() - began).toBeLessThan(10_000);
      await holder.query('COMMIT');
    } finally {
      holder.release();
    }
    expect(await whole()).toBe(false);
  });

  it('counts as missed also when it is rolled back: building again for nothing is cheaper than a doubt', async () => {
    await world.query(diskFull);
    await write(`BEGIN; ${lateWrite}; ROLLBACK`);
    expect(await whole()).toBe(false);
  });

  it('is refused only where it cannot even be counted', async () => {
    await world.query(`${diskFull}; REVOKE ALL ON SEQUENCE governance.missed_marks FROM backfill_ledger`);
    expect(await failureOf(write())).toMatchObject({ code: '42501' });
    expect(await world.query('SELECT FROM finance.sales_by_day WHERE merchant = 90')).toEqual([]);
  });

  it('is nobody’s concern once schema governance is dropped: capture goes with it', async () => {
    await world.query('DROP SCHEMA governance CASCADE');
    await write();
    expect(await world.query('SELECT FROM finance.sales_by_day WHERE merchant = 90')).toHaveLength(1);
  });
});

describe('after publication', () => {
  it('a missed mark is found by the watch, and readers see the late row', async () => {
    await world.publish();
    await world.query(`INSERT INTO staging.sales (day, merchant, gross, tax) VALUES ('2025-01-03', 90, 5, 1)`);
    await world.query(diskFull);
    await write();
    await world.query('DROP FUNCTION public.full() CASCADE');
    const seen = () => world.as('dashboard', 'SELECT FROM finance.sales_current WHERE merchant = 90');
    expect(await seen()).toEqual([]);
    expect(await world.activities.watchLiveWrites({ ...RUN, published: true })).toMatchObject({ kind: 'rebuilt' });
    expect(await seen()).toHaveLength(1);
  });
});
