-- The rules that produced what is published: every price is taken to be without tax, so net equals gross.
select
  e.revenue_date,
  e.merchant_id,
  cast(sum(e.gross) as numeric(14, 2)) as gross_revenue,
  cast(sum(e.gross) as numeric(14, 2)) as net_revenue,
  cast(sum(e.tax) as numeric(14, 2)) as tax_amount,
  count(*) as event_count,
  count(*) filter (where e.kind = 'refund') as refund_count
from staging.revenue_events e
where e.revenue_date >= :partition_start
  and e.revenue_date < :partition_end
group by e.revenue_date, e.merchant_id
