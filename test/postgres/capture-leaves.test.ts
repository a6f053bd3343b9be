import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import {
  attachCapture,
  captureIsBroken,
  captureIsWhole,
  detachCapture,
} from '../../src/warehouse/postgres/statements/elevated.ts';
import { noticeLiveWrites } from '../../activities/notice-live-writes.ts';
import type { Noticing } from '../../src/ledger/base-comparisons.ts';
import { noticing } from '../../src/ledger/base-comparisons.ts';
import { PARTITIONED_SALES } from '../support/partitioned-sales.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
let plan: BackfillPlan;
beforeEach(async () => {
  world = await createDataset({ tables: PARTITIONED_SALES });
  plan = await world.plan();
  await world.preserve();
  await world.build();
});
afterEach(() => world.end());

const whole = async () => (await world.session((one) => one.one<{ whole: boolean }>(captureIsWhole(plan)))).whole;
const attach = () => world.session((one) => one.rows(attachCapture(plan)));
const marks = async () =>
  (await world.query<{ key: string | null }>('SELECT key FROM governance.dirty_partitions')).map(({ key }) => key);
const owed = async () => (await world.session((one) => one.one<Noticing>(noticing(plan.backfillId)))).owed;
/** What is marked once the base was compared with what the builds saw of it. */
const noticed = async () => {
  await world.session((one) => noticeLiveWrites(plan, one, 'some'));
  return (await marks()).sort();
};
const DAYS_OF_A = ['2025-01-01', '2025-01-02', '2025-01-03', '2025-01-04', '2025-01-05'];
const trigger = (letter: string) =>
  `backfill_capture_${createHash('md5').update('fix-tax').digest('hex').slice(0, 12)}_${letter}`;

describe('capture is no longer whole, and what differs from what its build saw is marked when it is mended,', () => {
  it.each([
    { what: 'after a filled leaf was attached', sql: filledLeaf(), days: [] },
    {
      what: 'after a leaf was detached',
      sql: 'ALTER TABLE finance.sales_by_day DETACH PARTITION finance.sales_a',
      days: DAYS_OF_A,
    },
    { what: 'after a leaf was dropped', sql: 'DROP TABLE finance.sales_a', days: DAYS_OF_A },
    {
      what: 'after a leaf was detached, written and attached again without its triggers',
      sql: `ALTER TABLE finance.sales_by_day DETACH PARTITION finance.sales_a; CREATE TABLE finance.sales_again (LIKE finance.sales_a INCLUDING ALL);
            ALTER TABLE finance.sales_again OWNER TO finance_owner;
            ALTER TABLE finance.sales_by_day ATTACH PARTITION finance.sales_again FOR VALUES FROM ('2025-01-01') TO ('2025-01-06')`,
      days: DAYS_OF_A,
    },
  ])('$what', async ({ sql, days }) => {
    expect(await whole()).toBe(true);
    await world.query(sql);
    expect(await whole()).toBe(false);
    await attach();
    expect(await owed()).toBe(true);
    expect(await noticed()).toEqual(days);
    expect([await whole(), await owed()]).toEqual([true, false]);
  });

  it.each(['i', 'u', 'd', 't'])(
    'after trigger %s was disabled, and also after it was enabled again',
    async (letter) => {
      const alter = (how: string) => world.query(`ALTER TABLE finance.sales_a ${how} TRIGGER ${trigger(letter)}`);
      await alter('DISABLE');
      expect(await whole()).toBe(false);
      await world.as('revenue_pipeline', `DELETE FROM finance.sales_by_day WHERE day = '2025-01-03'`);
      await alter('ENABLE ALWAYS');
      await world.query('DELETE FROM governance.dirty_partitions');
      expect(await whole()).toBe(false);
      await attach();
      expect(await noticed()).toEqual(['2025-01-03']);
      expect(await whole()).toBe(true);
    },
  );

  it('after the triggers were taken off and every row of the leaf was deleted', async () => {
    for (const letter of ['i', 'u', 'd', 't']) await world.query(`DROP TRIGGER ${trigger(letter)} ON finance.sales_a`);
    await world.query('DELETE FROM finance.sales_a');
    await attach();
    expect(await noticed()).toEqual(DAYS_OF_A);
  });
});

it('capture that breaks again after the base was compared owes another comparison', async () => {
  const alter = (how: string) => world.query(`ALTER TABLE finance.sales_a ${how} TRIGGER ${trigger('d')}`);
  for (const day of ['2025-01-03', '2025-01-04']) {
    await alter('DISABLE');
    await world.as('revenue_pipeline', `DELETE FROM finance.sales_by_day WHERE day = '${day}'`);
    await alter('ENABLE ALWAYS');
    await attach();
    expect(await noticed()).toContain(day);
  }
});

describe('a leaf whose bounds rule the interval out', () => {
  const later = `CREATE TABLE finance.sales_later PARTITION OF finance.sales_by_day FOR VALUES FROM ('2026-01-01') TO ('2026-02-01'); ALTER TABLE finance.sales_later OWNER TO finance_owner`;

  it('that comes gets its triggers, and nothing is compared', async () => {
    await world.query(later);
    expect(await whole()).toBe(false);
    await attach();
    expect(await whole()).toBe(true);
    expect(await owed()).toBe(false);
  });

  it('that goes, as old ones do at the end of their retention, changes nothing', async () => {
    await world.query(later);
    await attach();
    await world.query('DROP TABLE finance.sales_later');
    expect(await whole()).toBe(true);
  });
});

describe('capture that somebody took off on purpose', () => {
  it('is not broken but gone, so that nobody puts it back before a switch', async () => {
    const broken = () => world.session((one) => one.one(captureIsBroken(plan)));
    await world.query(`ALTER TABLE finance.sales_a DISABLE TRIGGER ${trigger('u')}`);
    expect(await broken()).toEqual({ broken: true });
    await world.session((one) => one.rows(detachCapture(plan)));
    expect(await broken()).toEqual({ broken: false });
    expect(await whole()).toBe(false);
    await attach();
    expect(await owed()).toBe(true);
  });
});

describe('the watch of a run', () => {
  it('mends capture and builds again what was written meanwhile, and nothing else', async () => {
    await world.conclude();
    await world.query(`ALTER TABLE finance.sales_a DISABLE TRIGGER ${trigger('i')}`);
    await world.query(
      `INSERT INTO staging.sales (day, merchant, gross, tax) VALUES ('2025-01-03', 90, 5, 1); INSERT INTO finance.sales_by_day (day, merchant, gross, net, tax) VALUES ('2025-01-03', 90, 5, 5, 1)`,
    );
    await world.activities.watchLiveWrites({ backfillId: 'fix-tax', published: false });
    expect(await world.query('SELECT count(*)::int AS n FROM finance.sales_by_day_v2 WHERE merchant = 90')).toEqual([
      { n: 1 },
    ]);
    expect(
      await world.query('SELECT partition_start AS day FROM governance.backfill_partitions WHERE builds > 1'),
    ).toEqual([{ day: '2025-01-03' }]);
    expect([await whole(), await owed()]).toEqual([true, false]);
  });
});

/** Next to the default leaf, where such rows were until now. */
function filledLeaf(): string {
  return `CREATE TABLE finance.sales_new (LIKE finance.sales_by_day INCLUDING ALL); ALTER TABLE finance.sales_new OWNER TO finance_owner;
    WITH moved AS (DELETE FROM finance.sales_rest WHERE day = '2025-01-12' RETURNING *) INSERT INTO finance.sales_new SELECT * FROM moved;
    DELETE FROM governance.dirty_partitions;
    ALTER TABLE finance.sales_by_day ATTACH PARTITION finance.sales_new FOR VALUES FROM ('2025-01-12') TO ('2025-01-13')`;
}
