-- Rules up to 2025-06-30: an event has no tax_mode, so the merchant's flag says whether its prices contain tax.
-- Exempt events have no tax at all (NULL) and keep their gross amount as net.
select
  e.revenue_date,
  e.merchant_id,
  cast(sum(e.gross) as numeric(14, 2)) as gross_revenue,
  cast(sum(case when m.pays_tax_inclusive then e.gross - coalesce(e.tax, 0) else e.gross end) as numeric(14, 2)) as net_revenue,
  cast(sum(e.tax) as numeric(14, 2)) as tax_amount,
  count(*) as event_count,
  count(*) filter (where e.kind = 'refund') as refund_count
from staging.revenue_events e
join staging.merchants m on m.merchant_id = e.merchant_id
where e.revenue_date >= :partition_start
  and e.revenue_date < :partition_end
group by e.revenue_date, e.merchant_id
