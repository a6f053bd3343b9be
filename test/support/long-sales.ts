import { CONTRACT, SALES_SOURCE, SALES_VIEW, SCHEMAS, SPEC } from './sales-scenario.ts';
import type { Scenario } from './small-dataset.ts';

/** The sales of four months, with a column of text; one partition lies before the interval, five after it. */
export const LONG_SALES: Partial<Scenario> = {
  tables: `${SCHEMAS}${SALES_SOURCE.replaceAll('2025-01-16', '2025-04-20')}
create table finance.sales_by_day (
  day date not null, merchant bigint not null, gross numeric(14, 2) not null, net numeric(14, 2), tax numeric(14, 2) not null, note text,
  updated_at timestamptz not null default now(), primary key (day, merchant));
insert into finance.sales_by_day (day, merchant, gross, net, tax, note)
select day, merchant, sum(gross), sum(gross - case when day > date '2025-04-15' and merchant % 2 = 1 then tax else 0 end), sum(tax), ''
from staging.sales group by day, merchant;
${SALES_VIEW} analyze;`,
  contract: CONTRACT.replace('required: [net]', 'required: [net]\ndimensions: [merchant]'),
  files: {
    'corrected.sql': `
select s.day, s.merchant, cast(sum(s.gross) as numeric(14, 2)) as gross,
  cast(sum(s.gross - case when s.merchant % 2 = 1 then s.tax else 0 end) as numeric(14, 2)) as net,
  cast(sum(s.tax) as numeric(14, 2)) as tax, cast('' as text) as note
from staging.sales s where s.day >= :partition_start and s.day < :partition_end group by s.day, s.merchant`,
    'gross.sql': `
select s.day as partition_start, sum(s.gross) as value from staging.sales s
where s.day >= :range_start and s.day < :range_end group by s.day`,
  },
  spec: SPEC.replace('start: 2025-01-01, end: 2025-01-14', 'start: 2025-01-02, end: 2025-04-15').replace(
    'net_delta_expected: "-8% to -1%"',
    `max_unexplained_rows: 0, max_unexplained_delta: { net: 0 },
  net_delta_expected: { partition: "-9% to -1%", batch: "-8% to -1%", run: "-8% to -1%", by: { merchant: "-15% to 0%" } }`,
  ),
};
