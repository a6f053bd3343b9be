import { CONTRACT, SALES_VIEW, SCHEMAS, SPEC } from './sales-scenario.ts';
import type { Scenario } from './small-dataset.ts';

/** Names that differ in a blank at the end, in case, in how an accent is written, and none at all. */
const SHOPS = `(VALUES ('Zoë'), ('Zoe' || U&'\\0308'), ('north'), ('north '), (''), (NULL)) shop(shop)`;

function tables(index: string): string {
  return `${SCHEMAS}
create table staging.sales (day date not null, shop text, item text not null, gross numeric(12, 2) not null, tax numeric(12, 2) not null);
insert into staging.sales select d::date, shop, 'item', 100, 5 from generate_series(date '2025-01-01', date '2025-01-16', interval '1 day') d, ${SHOPS} where extract(day from d) not in (6, 7);
alter table staging.sales owner to staging_owner;
grant select on staging.sales to backfill_worker;
create table finance.sales_by_day (day date not null, shop text, merchant text not null, gross numeric(14, 2) not null, net numeric(14, 2), tax numeric(14, 2) not null, updated_at timestamptz not null default now());
create unique index on finance.sales_by_day (shop, merchant, day) ${index};
insert into finance.sales_by_day (day, shop, merchant, gross, net, tax)
select day, shop, item, gross, gross - case when day > date '2025-01-14' then tax else 0 end, tax from staging.sales;
${SALES_VIEW} analyze;`;
}

export const NULL_KEYS: Partial<Scenario> = {
  tables: tables('NULLS NOT DISTINCT'),
  contract: CONTRACT.replace('unique_key: [day, merchant]', 'unique_key: [shop, merchant, day]').replace(
    /source_totals:\n.*\n/,
    '',
  ),
  files: {
    'corrected.sql': `select s.day, s.shop, s.item as merchant, s.gross, s.gross - s.tax as net, s.tax from staging.sales s where s.day >= :partition_start and s.day < :partition_end`,
  },
  spec: SPEC,
};

export const NULL_KEYS_TWICE: Partial<Scenario> = { ...NULL_KEYS, tables: tables('') };
