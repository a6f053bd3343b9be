import type { Scenario } from './small-dataset.ts';

/** Schemas of the scenario, owned as the example owns them. */
export const SCHEMAS = `
create schema staging authorization staging_owner;
create schema finance authorization finance_owner;
grant usage on schema staging to revenue_pipeline, backfill_worker;
grant usage on schema finance to revenue_pipeline, dashboard;
grant usage, create on schema finance to finance_views, backfill_worker;`;

/** Sixteen days, five merchants, three sales a day and merchant; odd merchants quote prices that contain the tax. */
export const SALES_SOURCE = `
create table staging.sales (
  sale_id bigint generated always as identity primary key,
  day date not null, merchant bigint not null, gross numeric(12, 2) not null, tax numeric(12, 2) not null
);
insert into staging.sales (day, merchant, gross, tax)
select d, m, 40 + (m * 13 + s * 7 + (d - date '2025-01-01') * 3) % 31, (5 + (m + s) % 3)::numeric / 2
from generate_series(date '2025-01-01', date '2025-01-16', interval '1 day') g, lateral (select g::date as d) days,
  generate_series(1, 5) m, generate_series(1, 3) s;
alter table staging.sales owner to staging_owner;
grant select on staging.sales to backfill_worker;
grant select, insert, update, delete on staging.sales to revenue_pipeline;`;

/** What follows the creation of the base table: owners, the published view, grants. */
export const SALES_VIEW = `
alter table finance.sales_by_day owner to finance_owner;
grant select on finance.sales_by_day to finance_views, backfill_worker;
grant select, insert, update, delete, truncate on finance.sales_by_day to revenue_pipeline;
create view finance.sales_current as select day, merchant, gross, net, tax, updated_at from finance.sales_by_day;
alter view finance.sales_current owner to finance_views;
grant select on finance.sales_current to dashboard, backfill_worker;`;

/** Wrong until 2025-01-14, when the fixed pipeline took over. */
export const SALES_ROWS = `
insert into finance.sales_by_day (day, merchant, gross, net, tax)
select day, merchant, sum(gross), sum(gross - case when day > date '2025-01-14' and merchant % 2 = 1 then tax else 0 end), sum(tax)
from staging.sales group by day, merchant;`;

const BASE = `
create table finance.sales_by_day (
  day date not null, merchant bigint not null, gross numeric(14, 2) not null, net numeric(14, 2), tax numeric(14, 2) not null,
  updated_at timestamptz not null default now(), primary key (day, merchant)
);`;

export const CORRECTED = `
select s.day, s.merchant, cast(sum(s.gross) as numeric(14, 2)) as gross,
  cast(sum(s.gross - case when s.merchant % 2 = 1 then s.tax else 0 end) as numeric(14, 2)) as net,
  cast(sum(s.tax) as numeric(14, 2)) as tax
from staging.sales s
where s.day >= :partition_start and s.day < :partition_end
group by s.day, s.merchant
`;

const GROSS = `
select s.day as partition_start, sum(s.gross) as value from staging.sales s
where s.day >= :range_start and s.day < :range_end group by s.day
`;

export const CONTRACT = `
dataset: finance.sales_by_day
owner: data
approvers: [controller, director]
sign_off: [data, bi]
published_view: finance.sales_current
partition: { key: day, grain: day }
unique_key: [day, merchant]
required: [net]
measures: { net: sum(net), gross: sum(gross) }
transform:
  corrected:
    - { from: 2024-01-01, sql: corrected.sql }
source_totals:
  gross: { sql: gross.sql, tolerance: 0 }
explanations:
  tax_was_included: "new.net = old.net - old.tax"
live_pipeline: {}
`;

export const SPEC = `
backfill_id: fix-tax
owner: data
source_range: { start: 2025-01-01, end: 2025-01-14 }
target: { table: finance.sales_by_day, partition_key: day }
reason: { issue: FIN-1, change: Tax is no revenue }
execution: { partitions_per_batch: 7, max_concurrency: 2 }
validation: { row_count_tolerance: 0, net_delta_expected: "-8% to -1%" }
rollback: { snapshot: finance.sales_before }
`;

/** The tables with another definition of the base table. */
export function salesTables(base: string): string {
  return [SCHEMAS, SALES_SOURCE, base, SALES_ROWS, SALES_VIEW, 'analyze;'].join('\n');
}

/** The same sales in a second base table, corrected by a run of its own for the same issue. */
export function besideSales(): Scenario {
  const renamed = (text: string): string =>
    text
      .replaceAll('sales_by_day', 'takings_by_day')
      .replaceAll('sales_current', 'takings_current')
      .replaceAll('sales_before', 'takings_before')
      .replace('fix-tax', 'fix-takings');
  return {
    ...SALES,
    dataset: { schema: 'finance', name: 'takings_by_day' },
    view: { schema: 'finance', name: 'takings_current' },
    tables: renamed([BASE, SALES_ROWS, SALES_VIEW].join('\n')),
    contract: renamed(CONTRACT),
    spec: renamed(SPEC),
  };
}

export const SALES: Scenario = {
  dataset: { schema: 'finance', name: 'sales_by_day' },
  view: { schema: 'finance', name: 'sales_current' },
  partitionKey: 'day',
  tables: salesTables(BASE),
  contract: CONTRACT,
  files: { 'corrected.sql': CORRECTED, 'gross.sql': GROSS },
  spec: SPEC,
  installed: true,
};
