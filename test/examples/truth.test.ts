import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { derivedRolePassword } from '../../examples/daily-revenue/roles.ts';
import { readScenarioFile, WRONG_RANGE } from '../../examples/daily-revenue/scenario.ts';
import { createEmptyScenario } from '../../examples/daily-revenue/seed.ts';
import { compareWithTruth } from '../../examples/daily-revenue/truth.ts';
import { withClient } from '../../examples/daily-revenue/with-client.ts';
import { createDatabase } from '../support/postgres.ts';
import { CORRECTED_V1, CORRECTED_V2, SECOND_ERA, transformRange, TRUSTED } from './transform-range.ts';

const MERCHANTS = `
  insert into staging.merchants (merchant_id, name, country, pays_tax_inclusive, tax_exempt) values
    (1, 'Harbour Tea',    'AU', true,  false),
    (2, 'Mill Books',     'US', false, false),
    (3, 'Parish Music',   'CA', false, true),
    (4, 'Dairy Kitchen',  'CH', true,  true),
    (5, 'Tower Optics',   'CH', true,  false),  -- quotes prices without tax since 2025-07-01
    (6, 'Ferry Garden',   'SG', false, false)   -- quotes prices with tax since 2025-07-01`;

/**
 * By hand, gross − tax inside = net; "row" is the row of EXPECTED.
 *
 * row  day         merchant, prices          gross                        tax inside prices        net
 *  1   2024-11-30  1 with tax, outside       base: 110.00                 not corrected            110.00
 *  2   2024-12-01  1 with tax, first day     110.00 + 55.00 = 165.00      10.00 + 5.00 = 15.00     150.00
 *  3   2024-12-01  2 without tax             200.00                       –                        200.00
 *  4   2024-12-01  3 exempt                   80.00                       none, NULL                80.00
 *  5   2024-12-01  4 exempt, "with tax"       60.00 − 10.00 = 50.00       none, NULL                50.00
 *  6   2025-02-28  1 with tax, refund         22.00 − 11.00 = 11.00       2.00 − 1.00 = 1.00        10.00
 *  7   2025-02-28  2 without tax, refund     −40.00                       –                        −40.00
 *  8   2025-03-10  1 with tax, only refunds  −33.00 − 5.50 = −38.50       −3.00 − 0.50 = −3.50     −35.00
 *  9   2025-06-30  1 with tax, era 1 ends     99.99                       9.09                      90.90
 * 10   2025-06-30  5 flag: with tax           27.03                       2.03                      25.00
 * 11   2025-06-30  6 flag: without tax        40.00                       –                         40.00
 * 12   2025-07-01  1 with tax, era 2 begins   99.99                       9.09                      90.90
 * 13   2025-07-01  5 event: without tax       30.00                       – (the flag is old)       30.00
 * 14   2025-07-01  6 event: with tax          43.60                       3.60 (the flag is old)    40.00
 * 15   2025-11-15  1 with tax, one untaxed    11.00 + 7.00 = 18.00        1.00 + none = 1.00        17.00
 * 16   2025-11-15  4 exempt, "with tax"       12.34                       none, NULL                12.34
 * 17   2025-11-15  6 all refunded             21.80 − 10.90 − 10.90 = 0   1.80 − 0.90 − 0.90 = 0     0.00
 * 18   2026-05-31  1 with tax, last day        0.11                       0.01                       0.10
 * 19   2026-06-01  1 outside, right already  base: 110.00                 not touched              100.00
 * 20   2026-06-02  2 outside, no events      base:   5.00                 not touched                5.00
 */
const EXPECTED = [
  ['2024-11-30', '1', '110.00', '110.00', '10.00', '1', '0'],
  ['2024-12-01', '1', '165.00', '150.00', '15.00', '2', '0'],
  ['2024-12-01', '2', '200.00', '200.00', '14.50', '1', '0'],
  ['2024-12-01', '3', '80.00', '80.00', null, '1', '0'],
  ['2024-12-01', '4', '50.00', '50.00', null, '2', '1'],
  ['2025-02-28', '1', '11.00', '10.00', '1.00', '2', '1'],
  ['2025-02-28', '2', '-40.00', '-40.00', '-2.90', '1', '1'],
  ['2025-03-10', '1', '-38.50', '-35.00', '-3.50', '2', '2'],
  ['2025-06-30', '1', '99.99', '90.90', '9.09', '1', '0'],
  ['2025-06-30', '5', '27.03', '25.00', '2.03', '1', '0'],
  ['2025-06-30', '6', '40.00', '40.00', '3.60', '1', '0'],
  ['2025-07-01', '1', '99.99', '90.90', '9.09', '1', '0'],
  ['2025-07-01', '5', '30.00', '30.00', '2.43', '1', '0'],
  ['2025-07-01', '6', '43.60', '40.00', '3.60', '1', '0'],
  ['2025-11-15', '1', '18.00', '17.00', '1.00', '2', '0'],
  ['2025-11-15', '4', '12.34', '12.34', null, '1', '0'],
  ['2025-11-15', '6', '0.00', '0.00', '0.00', '3', '2'],
  ['2026-05-31', '1', '0.11', '0.10', '0.01', '1', '0'],
  ['2026-06-01', '1', '110.00', '100.00', '10.00', '1', '0'],
  ['2026-06-02', '2', '5.00', '5.00', null, '1', '0'],
] as const;

/** Day, merchant, gross, tax, tax_mode. An event of 2024-11-30 has no row in the base and must not get one. */
const EVENTS = `
  insert into staging.revenue_events (revenue_date, merchant_id, gross, tax, tax_mode, occurred_at, kind)
  select day, merchant_id, gross, tax, tax_mode, day + interval '12 hours', case when gross < 0 then 'refund' else 'sale' end
  from (values
    (date '2024-11-30', 1, 110.00, 10.00, null),
    (date '2024-11-30', 2,  70.00,  5.08, null),
    (date '2024-12-01', 1, 110.00, 10.00, null), (date '2024-12-01', 1,  55.00,  5.00, null),
    (date '2024-12-01', 2, 200.00, 14.50, null),
    (date '2024-12-01', 3,  80.00,  null, null),
    (date '2024-12-01', 4,  60.00,  null, null), (date '2024-12-01', 4, -10.00,  null, null),
    (date '2025-02-28', 1,  22.00,  2.00, null), (date '2025-02-28', 1, -11.00, -1.00, null),
    (date '2025-02-28', 2, -40.00, -2.90, null),
    (date '2025-03-10', 1, -33.00, -3.00, null), (date '2025-03-10', 1,  -5.50, -0.50, null),
    (date '2025-06-30', 1,  99.99,  9.09, null),
    (date '2025-06-30', 5,  27.03,  2.03, null),
    (date '2025-06-30', 6,  40.00,  3.60, null),
    (date '2025-07-01', 1,  99.99,  9.09, 'inclusive'),
    (date '2025-07-01', 5,  30.00,  2.43, 'exclusive'),
    (date '2025-07-01', 6,  43.60,  3.60, 'inclusive'),
    (date '2025-11-15', 1,  11.00,  1.00, 'inclusive'), (date '2025-11-15', 1, 7.00, null, 'inclusive'),
    (date '2025-11-15', 4,  12.34,  null, 'inclusive'),
    (date '2025-11-15', 6,  21.80,  1.80, 'inclusive'),
    (date '2025-11-15', 6, -10.90, -0.90, 'inclusive'), (date '2025-11-15', 6, -10.90, -0.90, 'inclusive'),
    (date '2026-05-31', 1,   0.11,  0.01, 'inclusive'),
    (date '2026-06-01', 1, 110.00, 10.00, 'inclusive')
  ) as event (day, merchant_id, gross, tax, tax_mode)`;

const INSIDE = EXPECTED.filter(([day]) => day >= WRONG_RANGE.start && day < WRONG_RANGE.end);

/** Inside the interval the base holds gross as net, which is what went wrong; outside it holds EXPECTED. */
const BASE_ROWS = EXPECTED.map(([day, merchant, gross, net, ...rest]) => [
  ...[day, merchant, gross, day >= WRONG_RANGE.start && day < WRONG_RANGE.end ? gross : net],
  ...rest,
]);

describe('the expected content of the published view', () => {
  let database: Awaited<ReturnType<typeof createDatabase>>;

  beforeAll(async () => {
    database = await createDatabase();
    await createEmptyScenario(database.url, { rolePassword: derivedRolePassword(database.url) });
    await withClient(database.url, async (client) => {
      await client.query(MERCHANTS);
      await client.query(EVENTS);
      for (const row of BASE_ROWS) {
        await client.query(
          `insert into finance.daily_revenue
             (revenue_date, merchant_id, gross_revenue, net_revenue, tax_amount, event_count, refund_count)
           values ($1, $2, $3, $4, $5, $6, $7)`,
          [...row],
        );
      }
    });
  });

  afterAll(() => database.drop());

  it('is the twenty rows worked out by hand', async () => {
    expect(await readRows(await readScenarioFile('truth.sql'), [WRONG_RANGE.start, WRONG_RANGE.end])).toEqual(EXPECTED);
  });

  it('is what the corrected transforms give for the days inside', async () => {
    const first = await readRows(await transformRange(CORRECTED_V1, WRONG_RANGE.start, SECOND_ERA));
    const second = await readRows(await transformRange(CORRECTED_V2, SECOND_ERA, WRONG_RANGE.end));
    expect([...first, ...second]).toEqual(INSIDE);
  });

  it('is not what the rules of the other era give', async () => {
    const first = await readRows(await transformRange(CORRECTED_V2, WRONG_RANGE.start, SECOND_ERA));
    const second = await readRows(await transformRange(CORRECTED_V1, SECOND_ERA, WRONG_RANGE.end));
    const wrong = [...first, ...second].filter((row, index) => row[3] !== INSIDE[index]?.[3]);
    expect(wrong.map(([day, merchant]) => `${day} ${merchant}`)).toEqual([
      '2024-12-01 1',
      '2025-02-28 1',
      '2025-03-10 1',
      '2025-06-30 1',
      '2025-06-30 5',
      '2025-07-01 5',
      '2025-07-01 6',
    ]);
  });

  it('differs from the base, which the trusted transform gives, in the rows with tax inside prices', async () => {
    const trusted = await readRows(await transformRange(TRUSTED, WRONG_RANGE.start, WRONG_RANGE.end));
    expect(trusted).toEqual(BASE_ROWS.filter(([day]) => day! >= WRONG_RANGE.start && day! < WRONG_RANGE.end));
    const comparison = await compareWithTruth(database.url);
    expect(comparison).toMatchObject({ rows: 20, missing: 0, unexpected: 0, different: 9 });
    expect(comparison.sample[0]).toMatchObject({ revenue_date: '2024-12-01', merchant_id: 1, verdict: 'different' });
  });

  it('equals a corrected view, and a planted fault of each kind is found', async () => {
    await withClient(database.url, async (client) => {
      for (const [day, merchant, , net] of INSIDE) {
        await client.query(
          'update finance.daily_revenue set net_revenue = $3 where revenue_date = $1 and merchant_id = $2',
          [day, merchant, net],
        );
      }
    });
    expect(await compareWithTruth(database.url)).toEqual({
      rows: 20,
      missing: 0,
      unexpected: 0,
      different: 0,
      sample: [],
    });

    await withClient(database.url, async (client) => {
      await client.query(`delete from finance.daily_revenue where revenue_date = '2025-11-15' and merchant_id = 4`);
      await client.query(`insert into finance.daily_revenue
        (revenue_date, merchant_id, gross_revenue, net_revenue, event_count, refund_count) values ('2025-11-15', 3, 1, 1, 1, 0)`);
      await client.query(
        `update finance.daily_revenue set tax_amount = 0 where revenue_date = '2024-12-01' and merchant_id = 3`,
      );
    });
    const comparison = await compareWithTruth(database.url);
    expect(comparison).toMatchObject({ rows: 21, missing: 1, unexpected: 1, different: 1 });
    expect(comparison.sample).toMatchObject([
      { merchant_id: 3, verdict: 'different', expected: { tax_amount: null }, published: { tax_amount: 0 } },
      { merchant_id: 3, verdict: 'unexpected', expected: null },
      { merchant_id: 4, verdict: 'missing', published: null },
    ]);
  });

  /** Rows of a statement by key, each figure as the text PostgreSQL prints for the type of the base's column. */
  async function readRows(statement: string, values: string[] = []): Promise<(string | null)[][]> {
    return withClient(database.url, async (client) => {
      const { rows } = await client.query<(string | null)[]>({
        text: `select revenue_date::text, merchant_id::text, gross_revenue::numeric(14, 2)::text,
                 net_revenue::numeric(14, 2)::text, tax_amount::numeric(14, 2)::text, event_count::text, refund_count::text
               from (${statement}) as given order by revenue_date, merchant_id`,
        values,
        rowMode: 'array',
      });
      return rows;
    });
  }
});
