import { salesTables } from './sales-scenario.ts';

/** Three leaves and a default one; the middle leaf and the default one are divided by list once more. */
export const PARTITIONED_SALES = salesTables(`
create table finance.sales_by_day (
  day date not null, merchant bigint not null, gross numeric(14, 2) not null, net numeric(14, 2), tax numeric(14, 2) not null,
  updated_at timestamptz not null default now(), primary key (day, merchant)
) partition by range (day);
create table finance.sales_a partition of finance.sales_by_day for values from ('2025-01-01') to ('2025-01-06');
create table finance.sales_b partition of finance.sales_by_day for values from ('2025-01-06') to ('2025-01-11') partition by list (merchant);
create table finance.sales_b1 partition of finance.sales_b for values in (1, 2, 3);
create table finance.sales_b2 partition of finance.sales_b default;
create table finance.sales_rest partition of finance.sales_by_day default;
`).replace(
  'analyze;',
  `do $do$ declare leaf text; begin
  for leaf in select relid::text from pg_partition_tree('finance.sales_by_day') loop execute format('alter table %s owner to finance_owner', leaf); end loop;
end $do$; grant truncate on finance.sales_b1 to revenue_pipeline; analyze;`,
);
