import { CONTRACT, SALES } from './sales-scenario.ts';
import type { Scenario } from './small-dataset.ts';

/** A table that a consumer refreshes by itself, with the instant of its refresh. */
export const MART = `
create table finance.mart (net numeric, refreshed_at timestamptz not null);
insert into finance.mart select sum(net), now() from finance.sales_by_day where day <= '2025-01-14';
alter table finance.mart owner to finance_owner;
grant select on finance.mart to backfill_worker;`;

/** Reads the published view, and waits where somebody holds the lock: whoever does may change history meanwhile. */
export const EXPORT_TOTAL = `
select sum(s.net) as value from (select pg_advisory_xact_lock_shared(4711)) held, finance.sales_current s where s.day <@ :interval`;
export const MART_TOTAL = 'select net as value, refreshed_at as measured_at from finance.mart';
export const MERCHANT_SHARES = `
select merchant as bucket, sum(net) / sum(sum(net)) over () as share from finance.sales_current where day >= :range_start and day < :range_end group by merchant`;
export const CANARY = 'select merchant, sum(net) from finance.sales_current group by merchant';

/** The sales with the consumers that a test is about. */
export function watchedSales(consumers: string, files: Readonly<Record<string, string>> = {}): Partial<Scenario> {
  return {
    tables: `${SALES.tables}\n${MART}`,
    contract: `${CONTRACT}consumers:\n${consumers}`,
    files: {
      ...SALES.files,
      'export.sql': EXPORT_TOTAL,
      'mart.sql': MART_TOTAL,
      'shares.sql': MERCHANT_SHARES,
      'canary.sql': CANARY,
      ...files,
    },
  };
}
