import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { daysToSeed, loadEvents } from '../../examples/daily-revenue/load-history.ts';
import { derivedRolePassword } from '../../examples/daily-revenue/roles.ts';
import { WRONG_RANGE } from '../../examples/daily-revenue/scenario.ts';
import { createEmptyScenario, seedDailyRevenue } from '../../examples/daily-revenue/seed.ts';
import { withClient } from '../../examples/daily-revenue/with-client.ts';
import { createDatabase } from '../support/postgres.ts';
import { CORRECTED_V1, CORRECTED_V2, GROSS_BY_DAY, SECOND_ERA, transformRange, TRUSTED } from './transform-range.ts';

type Database = Awaited<ReturnType<typeof createDatabase>>;

/** What the correction does to net revenue, in percent, for every way the days are cut into groups. */
const CORRECTION = `
  with days as (
    select e.revenue_date as day, sum(e.gross) as wrong,
      sum(e.gross) - coalesce(sum(e.tax) filter (where coalesce(e.tax_mode = 'inclusive', m.pays_tax_inclusive)), 0) as right
    from staging.revenue_events e join staging.merchants m using (merchant_id)
    where e.revenue_date >= '${WRONG_RANGE.start}' and e.revenue_date < '${WRONG_RANGE.end}'
    group by e.revenue_date
  ),
  grouped as (
    select 'month ' || to_char(day, 'YYYY-MM') as part, * from days
    union all select 'batch ' || (day - date '2024-12-01') / 7, * from days
    union all select 'batch from ' || era || ' ' || (day - era) / 7, days.*
      from days cross join lateral (select case when day < '2025-07-01' then date '2024-12-01' else date '2025-07-01' end as era) as eras
    union all select 'day ' || day, * from days
  )
  select part, round(100 * (sum("right") / sum(wrong) - 1), 3)::float8 as percent from grouped group by part`;

async function corrections(url: string): Promise<{ part: string; percent: number }[]> {
  return withClient(url, async (client) => (await client.query<{ part: string; percent: number }>(CORRECTION)).rows);
}

const outOfRange = ({ percent }: { percent: number }): boolean => !(percent >= -1.5 && percent <= -0.8);

describe('the size of the correction', () => {
  it.each([{ eventsPerDay: 300 }, { eventsPerDay: 500 }, { eventsPerDay: 2000 }])(
    'is from -1.5% to -0.8% for each month, batch and day at $eventsPerDay events a day',
    async ({ eventsPerDay }) => {
      const database = await createDatabase();
      try {
        await seedDailyRevenue(database.url, { eventsPerDay, rolePassword: derivedRolePassword(database.url) });
        const parts = await corrections(database.url);
        expect(parts).toHaveLength(18 + 79 + 79 + 547);
        expect(parts.filter(outOfRange)).toEqual([]);
      } finally {
        await database.drop();
      }
    },
  );

  it('is in the same range for each day at 20,000 events a day, at both ends and at the change of eras', async () => {
    const database = await createDatabase();
    try {
      await createEmptyScenario(database.url, { rolePassword: derivedRolePassword(database.url) });
      await withClient(database.url, async (client) => {
        for (const [start, end] of [
          ['2024-12-01', '2024-12-04'],
          ['2025-06-29', '2025-07-03'],
          ['2026-05-30', '2026-06-01'],
        ] as const) {
          await loadEvents(client, 20_000, { start, end });
        }
      });
      const parts = await corrections(database.url);
      expect(parts.filter(({ part }) => part.startsWith('day'))).toHaveLength(9);
      expect(parts.filter(outOfRange)).toEqual([]);
    } finally {
      await database.drop();
    }
  });

  it('refuses a size at which a day would be too small to stay in range', async () => {
    await expect(seedDailyRevenue('postgres://nowhere.invalid/none', { eventsPerDay: 20 })).rejects.toThrow(
      'eventsPerDay is 20: give a whole number from 100 to 100000',
    );
  });
});

describe('the seeded history', () => {
  let database: Database;
  let client: Client;
  const seed = () =>
    seedDailyRevenue(database.url, { eventsPerDay: 300, rolePassword: derivedRolePassword(database.url) });

  beforeAll(async () => {
    database = await createDatabase();
    await seed();
    client = new Client({ connectionString: database.url, options: '-c TimeZone=UTC' });
    await client.connect();
    const first = await transformRange(CORRECTED_V1, WRONG_RANGE.start, SECOND_ERA);
    const second = await transformRange(CORRECTED_V2, SECOND_ERA, WRONG_RANGE.end);
    await client.query(`create temp table corrected as (${first}) union all (${second})`);
  });

  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  const count = async (text: string): Promise<number> =>
    (await client.query<{ n: number }>(text)).rows[0]?.n ?? Number.NaN;

  it('is what the trusted transform gives, exactly', async () => {
    const trusted = await transformRange(TRUSTED, WRONG_RANGE.start, WRONG_RANGE.end);
    expect(await differencesToBase(trusted, WRONG_RANGE.start, WRONG_RANGE.end)).toEqual({ onlyGiven: 0, onlyBase: 0 });
  });

  it('is right after the interval: the corrected transform gives the same rows', async () => {
    const corrected = await transformRange(CORRECTED_V2, WRONG_RANGE.end, '2100-01-01');
    expect(await differencesToBase(corrected, WRONG_RANGE.end, '2100-01-01')).toEqual({ onlyGiven: 0, onlyBase: 0 });
    expect(
      await count(
        `select count(distinct revenue_date)::int as n from finance.daily_revenue where revenue_date >= '2026-06-01'`,
      ),
    ).toBeGreaterThan(0);
  });

  it('changes by exactly the tax in every row that changes', async () => {
    const changed = `from corrected as new join finance.daily_revenue as old using (revenue_date, merchant_id)
      where new.net_revenue is distinct from old.net_revenue`;
    expect(await count(`select count(*)::int as n ${changed}`)).toBeGreaterThan(5000);
    expect(
      await count(`select count(*)::int as n ${changed}
      and (new.net_revenue = old.net_revenue - old.tax_amount) is not true`),
    ).toBe(0);
  });

  it('needs both eras: the flag of the merchants gives other rows from 2025-10-01 on', async () => {
    const byFlag = await transformRange(CORRECTED_V1, SECOND_ERA, WRONG_RANGE.end);
    const other = await client.query<{ day: string }>(
      `select min(flag.revenue_date)::text as day from (${byFlag}) as flag join corrected using (revenue_date, merchant_id)
       where flag.net_revenue <> corrected.net_revenue`,
    );
    expect(other.rows[0]?.day.slice(0, 7)).toBe('2025-10');
  });

  it('adds up to the independent daily totals', async () => {
    const totals = await transformRange(GROSS_BY_DAY, WRONG_RANGE.start, WRONG_RANGE.end);
    expect(
      await count(`select count(*)::int as n from (${totals}) as totals
      full join (select revenue_date, sum(gross_revenue) as gross from corrected group by revenue_date) as built
        on built.revenue_date = totals.partition_start
      where built.gross is distinct from totals.value`),
    ).toBe(0);
  });

  it('has the awkward rows: only refunds, nothing taxable, no channel, days without a merchant, none without any', async () => {
    expect(
      await count('select count(*)::int as n from finance.daily_revenue where event_count = refund_count'),
    ).toBeGreaterThan(100);
    expect(
      await count('select count(*)::int as n from finance.daily_revenue where tax_amount is null'),
    ).toBeGreaterThan(1000);
    expect(await count('select count(*)::int as n from staging.revenue_events where channel is null')).toBeGreaterThan(
      1000,
    );
    expect(
      await count(
        `select count(distinct revenue_date)::int as n from finance.daily_revenue where revenue_date < '2026-06-01'`,
      ),
    ).toBe(547);
    expect(
      await count(`select count(*)::int as n from staging.merchants as m where exists (
      select from generate_series(date '2024-12-02', date '2026-05-30', interval '1 day') as d
      where not exists (select from finance.daily_revenue where revenue_date = d::date and merchant_id = m.merchant_id))`),
    ).toBe(200);
  });

  it('is kept by a second seeding of the same size', async () => {
    const marker = () =>
      client.query(
        `select 'staging.revenue_events'::regclass::oid as events, 'finance.daily_revenue'::regclass::oid as base`,
      );
    const before = (await marker()).rows;
    await seed();
    expect((await marker()).rows).toEqual(before);
  });

  it('gives the transforms the names and types of the base, audit column apart', async () => {
    const base = await columnsOf('select * from finance.daily_revenue');
    for (const file of [CORRECTED_V1, CORRECTED_V2, TRUSTED]) {
      const given = await columnsOf(await transformRange(file, '2025-06-30', '2025-07-02'));
      expect(given, file).toEqual(base.slice(0, -1));
    }
    expect(base.at(-1)?.name).toBe('updated_at');
  });

  async function differencesToBase(transform: string, start: string, end: string) {
    const columns = 'revenue_date, merchant_id, gross_revenue, net_revenue, tax_amount, event_count, refund_count';
    const base = `select ${columns} from finance.daily_revenue where revenue_date >= '${start}' and revenue_date < '${end}'`;
    return {
      onlyGiven: await count(`select count(*)::int as n from ((${transform}) except all (${base})) as d`),
      onlyBase: await count(`select count(*)::int as n from ((${base}) except all (${transform})) as d`),
    };
  }

  async function columnsOf(statement: string): Promise<{ name: string; type: number; modifier: number }[]> {
    const { fields } = await client.query(`select * from (${statement}) as given limit 0`);
    return fields.map(({ name, dataTypeID, dataTypeModifier }) => ({
      name,
      type: dataTypeID,
      modifier: dataTypeModifier,
    }));
  }
});

describe('the days that are seeded', () => {
  it('are the interval, thirty days after it and the last three up to today', () => {
    expect(daysToSeed('2026-11-22')).toEqual([
      { start: '2024-12-01', end: '2026-07-01' },
      { start: '2026-11-20', end: '2026-11-23' },
    ]);
  });

  it('do not overlap when today is near the interval', () => {
    expect(daysToSeed('2026-07-01')).toEqual([
      { start: '2024-12-01', end: '2026-07-01' },
      { start: '2026-07-01', end: '2026-07-02' },
    ]);
    expect(daysToSeed('2026-06-03')).toEqual([{ start: '2024-12-01', end: '2026-06-04' }]);
  });
});
