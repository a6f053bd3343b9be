-- Who may do what. Safe to run again.
grant usage on schema staging to revenue_pipeline, backfill_worker;
grant usage on schema finance to revenue_pipeline, dashboard, finance_export;

grant select on staging.merchants to revenue_pipeline;
grant select, insert, update, delete on staging.revenue_events, staging.pipeline_runs to revenue_pipeline;
grant select, insert, update, delete on finance.daily_revenue to revenue_pipeline;

grant select on finance.daily_revenue_current to dashboard, finance_export, backfill_worker;

grant select on staging.merchants, staging.revenue_events, staging.pipeline_runs to backfill_worker;
grant select on finance.daily_revenue to backfill_worker;
grant usage, create on schema finance to backfill_worker;
