import { CONTRACT, SALES_SOURCE, SCHEMAS, SPEC } from './sales-scenario.ts';
import type { Scenario } from './small-dataset.ts';

/** Owners, view and grants of a base table of any shape. `view` and `base` are quoted names. */
function surroundings(base: string, view: string, columns: string): string {
  return `
alter table ${base} owner to finance_owner;
grant select on ${base} to finance_views, backfill_worker;
grant select, insert, update, delete on ${base} to revenue_pipeline;
create view ${view} as select ${columns} from ${base};
alter view ${view} owner to finance_views;
grant select on ${view} to dashboard, backfill_worker;
analyze;`;
}

const COLUMNS = `"Revenue 100% Date", "select", "50% share", "Net ""of tax""", gross`;

/** Names that need quoting everywhere, one that is a keyword, one with a per cent sign, and a key of three columns. */
export const QUOTED: Partial<Scenario> = {
  dataset: { schema: 'finance', name: 'Daily 5% Revenue' },
  view: { schema: 'finance', name: "Today's 50% Revenue" },
  partitionKey: 'Revenue 100% Date',
  tables: `${SCHEMAS}${SALES_SOURCE}
create table finance."Daily 5% Revenue" (
  "Revenue 100% Date" date not null, "select" bigint not null, "50% share" text not null, "Net ""of tax""" numeric(14, 2), gross numeric(14, 2) not null,
  primary key ("Revenue 100% Date", "select", "50% share"));
insert into finance."Daily 5% Revenue" select day, merchant, 'it''s ' || merchant, sum(gross) - case when day > date '2025-01-14' then sum(tax) else 0 end, sum(gross) from staging.sales group by day, merchant;
${surroundings('finance."Daily 5% Revenue"', `finance."Today's 50% Revenue"`, COLUMNS)}`,
  contract: `
dataset: finance."Daily 5% Revenue"
owner: data
approvers: [controller]
sign_off: [data]
published_view: finance."Today's 50% Revenue"
partition: { key: '"Revenue 100% Date"', grain: day }
unique_key: ['"Revenue 100% Date"', '"select"', '"50% share"']
required: ['"Net ""of tax"""']
measures: { net: sum("Net ""of tax"""), gross: sum(gross) }
transform: { corrected: [{ from: 2024-01-01, sql: corrected.sql }] }
live_pipeline: {}
`,
  files: {
    'corrected.sql': `select s.day as "Revenue 100% Date", s.merchant as "select", 'it''s ' || s.merchant as "50% share",
  cast(sum(s.gross - s.tax) as numeric(14, 2)) as "Net ""of tax""", cast(sum(s.gross) as numeric(14, 2)) as gross
from staging.sales s where s.day >= :partition_start and s.day < :partition_end group by s.day, s.merchant`,
  },
  spec: SPEC.replace(
    'finance.sales_by_day, partition_key: day',
    `'finance."Daily 5% Revenue"', partition_key: '"Revenue 100% Date"'`,
  )
    .replace('"-8% to -1%"', '"-12% to -1%"')
    .replace('finance.sales_before', `'finance."Before 50%"'`),
};

/** The fixed pipeline adds the offset from the day after the interval on. */
const measured = (
  end: string,
): string => `create table staging.readings (at timestamptz not null, sensor bigint not null, value numeric(12, 2) not null);
insert into staging.readings select at, 1, 10 from generate_series(timestamptz '2025-03-28 23:00+00', timestamptz '2025-04-01 21:30+00', interval '30 minutes') at;
insert into staging.readings select at, 1, 10 from generate_series(timestamptz '2025-10-24 22:00+00', timestamptz '2025-10-27 22:30+00', interval '30 minutes') at;
alter table staging.readings owner to staging_owner;
grant select on staging.readings to backfill_worker;
create table finance.load (at timestamptz not null, sensor bigint not null, value numeric(14, 2) not null, primary key (at, sensor));
insert into finance.load select at, sensor, value + case when at < (date '${end}' + 1)::timestamp at time zone 'Europe/Berlin' then 0 else 2 end from staging.readings;`;

/** A timestamptz key in Berlin: 30 March 2025 has 23 hours there, 26 October 25. A second era begins on 30 March. */
export function zoned(grain: 'day' | 'hour', start: string, end: string): Partial<Scenario> {
  return {
    dataset: { schema: 'finance', name: 'load' },
    view: { schema: 'finance', name: 'load_current' },
    partitionKey: 'at',
    tables: `${SCHEMAS}${measured(end)}${surroundings('finance.load', 'finance.load_current', 'at, sensor, value')}`,
    contract: `
dataset: finance.load
owner: data
approvers: [controller]
sign_off: [data]
published_view: finance.load_current
partition: { key: at, grain: ${grain}, time_zone: Europe/Berlin }
unique_key: [at, sensor]
measures: { value: sum(value) }
transform:
  corrected:
    - { from: 2024-01-01, sql: first.sql }
    - { from: 2025-03-30, sql: second.sql }
live_pipeline: {}
`,
    files: {
      'first.sql':
        'select r.at, r.sensor, cast(r.value + 1 as numeric(14, 2)) as value from staging.readings r where r.at >= :partition_start and r.at < :partition_end',
      'second.sql':
        'select r.at, r.sensor, cast(r.value + 2 as numeric(14, 2)) as value from staging.readings r where r.at >= :partition_start and r.at < :partition_end',
    },
    spec: `
backfill_id: fix-tax
owner: data
source_range: { start: ${start}, end: ${end} }
target: { table: finance.load, partition_key: at }
reason: { issue: OPS-1, change: Offset }
rollback: { snapshot: finance.load_before }
`,
  };
}

/** One row a month and merchant, keyed by the first of the month. */
export const MONTHLY: Partial<Scenario> = {
  tables: `${SCHEMAS}
create table staging.sales (day date not null, merchant bigint not null, gross numeric(12, 2) not null, tax numeric(12, 2) not null);
insert into staging.sales select d::date, m, 100, m from generate_series(date '2024-01-01', date '2025-03-31', interval '1 day') d, generate_series(1, 3) m;
alter table staging.sales owner to staging_owner;
grant select on staging.sales to backfill_worker;
create table finance.sales_by_day (
  day date not null, merchant bigint not null, gross numeric(14, 2) not null, net numeric(14, 2), tax numeric(14, 2) not null,
  updated_at timestamptz not null default now(), primary key (day, merchant));
insert into finance.sales_by_day (day, merchant, gross, net, tax)
select date_trunc('month', day)::date, merchant, sum(gross), sum(gross) - case when day > date '2024-12-31' then sum(tax) else 0 end, sum(tax) from staging.sales group by 1, 2, day > date '2024-12-31';
${surroundings('finance.sales_by_day', 'finance.sales_current', 'day, merchant, gross, net, tax, updated_at')}`,
  contract: CONTRACT.replace('grain: day', 'grain: month').replace(/source_totals:\n.*\n/, ''),
  files: {
    'corrected.sql': `select cast(date_trunc('month', s.day) as date) as day, s.merchant, cast(sum(s.gross) as numeric(14, 2)) as gross,
  cast(sum(s.gross - s.tax) as numeric(14, 2)) as net, cast(sum(s.tax) as numeric(14, 2)) as tax
from staging.sales s where s.day >= :partition_start and s.day < :partition_end group by 1, 2`,
  },
  spec: SPEC.replace('start: 2025-01-01, end: 2025-01-14', 'start: 2024-01-01, end: 2024-12-31'),
};

/** One row an order, unique by order alone: the corrected logic moves two orders to another day, one forward, one back. */
export const ORDERS: Partial<Scenario> = {
  dataset: { schema: 'finance', name: 'orders' },
  view: { schema: 'finance', name: 'orders_current' },
  tables: `${SCHEMAS}
create table staging.orders (order_id bigint primary key, wrong_day date not null, day date not null, amount numeric(12, 2) not null);
insert into staging.orders select n, date '2025-01-01' + n % 4, date '2025-01-01' + (n + case n when 1 then 2 when 3 then -2 else 0 end) % 4, n from generate_series(0, 7) n;
alter table staging.orders owner to staging_owner;
grant select on staging.orders to backfill_worker;
create table finance.orders (order_id bigint primary key, day date not null, amount numeric(14, 2) not null check (amount >= 0));
insert into finance.orders select order_id, wrong_day, amount from staging.orders;
${surroundings('finance.orders', 'finance.orders_current', 'order_id, day, amount')}`,
  contract: `
dataset: finance.orders
owner: data
approvers: [controller]
sign_off: [data]
published_view: finance.orders_current
partition: { key: day, grain: day }
unique_key: [order_id]
measures: { amount: sum(amount) }
transform: { corrected: [{ from: 2024-01-01, sql: corrected.sql }] }
live_pipeline: {}
`,
  files: {
    'corrected.sql':
      'select o.order_id, o.day, cast(o.amount as numeric(14, 2)) as amount from staging.orders o where o.day >= :partition_start and o.day < :partition_end',
  },
  spec: `
backfill_id: fix-tax
owner: data
source_range: { start: 2025-01-01, end: 2025-01-04 }
target: { table: finance.orders, partition_key: day }
reason: { issue: OPS-2, change: Day of the order }
rollback: { snapshot: finance.orders_before }
`,
};
