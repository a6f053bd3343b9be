import { CONTRACT, salesTables, SPEC } from './sales-scenario.ts';
import type { Scenario } from './small-dataset.ts';

/** Stands in every merchant's name, and in no document: wherever it is found, a value was not masked. */
export const RAW_NAME = 'Ada Byron';

/** The sales by the name of a person, which is personal, part of the key and a dimension. */
export const NAMED_MERCHANTS: Partial<Scenario> = {
  tables: salesTables(`
create table staging.merchants (merchant bigint primary key, name text not null);
insert into staging.merchants select m, 'Ada Byron no. ' || m from generate_series(1, 5) m;
alter table staging.merchants owner to staging_owner;
grant select on staging.merchants to backfill_worker;
create table finance.sales_by_day (
  day date not null, merchant text not null, gross numeric(14, 2) not null, net numeric(14, 2), tax numeric(14, 2) not null,
  updated_at timestamptz not null default now(), primary key (day, merchant));`)
    .replace('select day, merchant, sum(gross)', 'select day, name as merchant, sum(gross)')
    .replace(
      'from staging.sales group by day, merchant;',
      'from staging.sales join staging.merchants using (merchant) group by day, name;',
    )
    .replace('merchant % 2 = 1 then tax', 'merchants.merchant % 2 = 1 then tax'),
  contract: CONTRACT.replace('required: [net]', 'required: [net]\ndimensions: [merchant]\npersonal: [merchant]'),
  files: {
    'corrected.sql': `
select s.day, m.name as merchant, cast(sum(s.gross) as numeric(14, 2)) as gross,
  cast(sum(s.gross - case when s.merchant % 2 = 1 then s.tax else 0 end) as numeric(14, 2)) as net,
  cast(sum(s.tax) as numeric(14, 2)) as tax
from staging.sales s join staging.merchants m using (merchant)
where s.day >= :partition_start and s.day < :partition_end group by s.day, m.name`,
    'gross.sql': `
select s.day as partition_start, sum(s.gross) as value from staging.sales s
where s.day >= :range_start and s.day < :range_end group by s.day`,
  },
  spec: SPEC,
};
