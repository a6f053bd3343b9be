-- What the pipeline wrote about every day at three in the morning after it. Up to $1, the last day before the fix, it took
-- every price to be without tax; from the next day on tax inside prices is subtracted.
insert into finance.daily_revenue
  (revenue_date, merchant_id, gross_revenue, net_revenue, tax_amount, event_count, refund_count, updated_at)
select
  revenue_date,
  merchant_id,
  sum(gross),
  sum(gross) - case
    when revenue_date > cast($1 as date) then coalesce(sum(tax) filter (where tax_mode = 'inclusive'), 0)
    else 0
  end,
  sum(tax),
  count(*),
  count(*) filter (where kind = 'refund'),
  least(now(), (revenue_date + 1 + time '03:00') at time zone 'UTC')
from staging.revenue_events
group by revenue_date, merchant_id
order by revenue_date, merchant_id
