-- A table that the dashboard keeps for itself and refreshes when it likes. Run as an administrator.
drop table if exists finance.dashboard_totals;
create table finance.dashboard_totals (net_revenue numeric not null, refreshed_at timestamptz not null);
alter table finance.dashboard_totals owner to finance_owner;
grant select on finance.dashboard_totals to backfill_worker;
