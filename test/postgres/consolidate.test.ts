import { afterEach, describe, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { formatName } from '../../src/domain/names.ts';
import { forgetOwnMarks } from '../../src/ledger/dirty-marks.ts';
import { consolidatePartition, countDifferences } from '../../src/warehouse/postgres/statements/elevated.ts';
import { withTransaction } from '../../src/warehouse/session.ts';
import { columns, qualified } from '../../src/warehouse/sql.ts';
import { MONTHLY, ORDERS, QUOTED, zoned } from '../support/odd-datasets.ts';
import { CORRECTED, SALES, SPEC } from '../support/sales-scenario.ts';
import type { Scenario, SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { sqlstate } from '../support/sqlstate.ts';

let world: SmallDataset;
let plan: BackfillPlan;
afterEach(() => world.end());

async function published(scenario: Partial<Scenario> = {}): Promise<void> {
  world = await createDataset(scenario);
  plan = await world.plan();
  await world.throughPublication();
  await world.signOff();
}

interface Done {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly left: number;
}

/** One partition as the activity does it: deltas, and our own marks forgotten in the same transaction. */
const consolidate = (ordinal: number): Promise<Done> =>
  world.session((session) =>
    withTransaction(session, async () => {
      const { done } = await session.one<{ done: Done }>(consolidatePartition(plan, ordinal));
      await session.change(forgetOwnMarks(plan.backfillId));
      return done;
    }),
  );

const differing = async (): Promise<number> =>
  (await world.session((session) => session.one<{ differing: number }>(countDifferences(plan)))).differing;

const marks = () => world.query('SELECT key FROM governance.dirty_partitions');

describe('consolidation of one partition', () => {
  it('changes the rows that differ and no other, keeps no mark of its own, and has nothing to do the second time', async () => {
    await published();
    const unchanged = `SELECT merchant, xmin::text FROM finance.sales_by_day WHERE day = '2025-01-03' AND merchant % 2 = 0 ORDER BY 1`;
    const before = await world.query(unchanged);
    expect(await consolidate(3)).toEqual({ inserted: 0, updated: 3, deleted: 0, left: 0 });
    expect(await world.query(unchanged)).toEqual(before);
    expect(await marks()).toEqual([]);
    expect(await consolidate(3)).toEqual({ inserted: 0, updated: 0, deleted: 0, left: 0 });
    expect(await differing()).toBe(13 * 3);
  });

  it('adds rows that the corrected logic adds and removes rows that it removes', async () => {
    const corrected = `${CORRECTED.replace('where', 'where s.merchant <> 5 and')}
      union all select distinct s.day, 99::bigint, 1.00, 1.00, 0.00 from staging.sales s where s.day >= :partition_start and s.day < :partition_end`;
    world = await createDataset({
      // The pipeline runs other logic than this: without its rows nothing tells.
      tables: `${SALES.tables} delete from finance.sales_by_day where day > '2025-01-14'`,
      files: { 'corrected.sql': corrected, 'gross.sql': GROSS_OF_THAT },
      // A row gained and a row lost a day.
      spec: SPEC.replace('"-8% to -1%"', '"-40% to 0%"').replace('row_count_tolerance: 0', 'row_count_tolerance: 7'),
    });
    plan = await world.plan();
    await world.throughPublication();
    await world.signOff();
    expect(await consolidate(1)).toEqual({ inserted: 1, updated: 2, deleted: 1, left: 0 });
    expect(await world.query(`SELECT merchant FROM finance.sales_by_day WHERE day = '2025-01-01' ORDER BY 1`)).toEqual(
      ['1', '2', '3', '4', '99'].map((merchant) => ({ merchant })),
    );
    expect(await consolidate(1)).toEqual({ inserted: 0, updated: 0, deleted: 0, left: 0 });
  });

  it('leaves a row that the pipeline changed meanwhile, a row that it removed and a key that it wrote itself', async () => {
    await published();
    await world.as(
      'revenue_pipeline',
      `UPDATE finance.sales_by_day SET net = -1 WHERE day = '2025-01-02' AND merchant = 1`,
    );
    await world.as('revenue_pipeline', `DELETE FROM finance.sales_by_day WHERE day = '2025-01-02' AND merchant = 3`);
    await world.as(
      'revenue_pipeline',
      `INSERT INTO finance.sales_by_day (day, merchant, gross, net, tax) VALUES ('2025-01-02', 77, 5, 5, 0)`,
    );
    expect(await consolidate(2)).toEqual({ inserted: 0, updated: 1, deleted: 0, left: 3 });
    expect(
      await world.query(
        `SELECT merchant, net FROM finance.sales_by_day WHERE day = '2025-01-02' AND merchant IN (1, 3, 77) ORDER BY 1`,
      ),
    ).toEqual([
      { merchant: '1', net: '-1.00' },
      { merchant: '77', net: '5.00' },
    ]);
    expect((await marks()).length).toBe(3);
  });

  it('is refused for a run that has ended: nothing writes the base for it any more', async () => {
    await published();
    await world.query('UPDATE governance.backfill_runs SET ended_at = now()');
    expect(await sqlstate(consolidate(1))).toMatchObject({ code: 'P0002' });
  });
});

/** With merchant 5 gone and a merchant of 1.00 a day added. */
const GROSS_OF_THAT = `select s.day as partition_start, sum(s.gross) filter (where s.merchant <> 5) + 1 as value from staging.sales s
where s.day >= :range_start and s.day < :range_end group by s.day`;

describe('a whole backfill up to consolidation works on', () => {
  it.each([
    { what: 'names that need quoting and a key of three columns', scenario: QUOTED, partitions: 14, changed: 14 * 5 },
    { what: 'rows that the corrected logic moves to another partition', scenario: ORDERS, partitions: 4, changed: 2 },
    { what: 'partitions of a month', scenario: MONTHLY, partitions: 12, changed: 12 * 3 },
    {
      what: 'days of 23 hours in a time zone',
      scenario: zoned('day', '2025-03-29', '2025-03-31'),
      partitions: 3,
      changed: 2 * (24 + 23 + 24),
    },
    {
      what: 'days of 25 hours in a time zone',
      scenario: zoned('day', '2025-10-25', '2025-10-26'),
      partitions: 2,
      changed: 2 * (24 + 25),
    },
    {
      what: 'hours of a day without its third hour',
      scenario: zoned('hour', '2025-03-30', '2025-03-30'),
      partitions: 23,
      changed: 2 * 23,
    },
    {
      what: 'hours of a day with an hour that comes twice',
      scenario: zoned('hour', '2025-10-26', '2025-10-26'),
      partitions: 25,
      changed: 2 * 25,
    },
  ])('$what', async ({ scenario, partitions, changed }) => {
    await published(scenario);
    expect(plan.partitions).toBe(partitions);
    expect(await differing()).toBe(changed);
    const compared = columns(plan.comparedColumns);
    const shown = `SELECT ${compared} FROM ${qualified(plan.view)} ORDER BY ${columns(plan.uniqueKey)}`;
    const published_ = await world.query(shown);
    const done: Done[] = [];
    for (let ordinal = 1; ordinal <= partitions; ordinal += 1) done.push(await consolidate(ordinal));
    expect(done.reduce((sum, one) => sum + one.updated, 0)).toBe(changed);
    expect(done.filter((one) => one.left + one.inserted + one.deleted > 0)).toEqual([]);
    expect(await differing()).toBe(0);
    expect(await marks()).toEqual([]);
    expect(
      await world.query(`SELECT ${compared} FROM ${qualified(plan.table)} ORDER BY ${columns(plan.uniqueKey)}`),
    ).toEqual(published_);
  });

  it('two eras, each partition by the rules of its own, where a day begins before midnight UTC', async () => {
    await published(zoned('day', '2025-03-29', '2025-03-31'));
    const shown = await world.query(
      `SELECT (at AT TIME ZONE 'Europe/Berlin')::date::text AS day, min(value)::text AS low, max(value)::text AS high FROM finance.load_current WHERE at < '2025-04-02' GROUP BY 1 ORDER BY 1`,
    );
    expect(shown).toEqual([
      { day: '2025-03-29', low: '11.00', high: '11.00' },
      { day: '2025-03-30', low: '12.00', high: '12.00' },
      { day: '2025-03-31', low: '12.00', high: '12.00' },
      { day: '2025-04-01', low: '12.00', high: '12.00' },
    ]);
    expect(formatName(plan.table)).toBe('finance.load');
  });
});
