-- Rules from 2025-07-01: every event says itself whether its price contains tax. The merchant's flag is not read:
-- merchants change the way they quote prices, and the flag keeps the old answer.
select
  e.revenue_date,
  e.merchant_id,
  cast(sum(e.gross) as numeric(14, 2)) as gross_revenue,
  cast(sum(case e.tax_mode when 'inclusive' then e.gross - coalesce(e.tax, 0) else e.gross end) as numeric(14, 2)) as net_revenue,
  cast(sum(e.tax) as numeric(14, 2)) as tax_amount,
  count(*) as event_count,
  count(*) filter (where e.kind = 'refund') as refund_count
from staging.revenue_events e
where e.revenue_date >= :partition_start
  and e.revenue_date < :partition_end
group by e.revenue_date, e.merchant_id
