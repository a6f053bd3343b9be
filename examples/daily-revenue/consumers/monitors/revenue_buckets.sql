-- The feature that the churn model is trained on: revenue of a merchant and day, in ten buckets.
select
  width_bucket(r.net_revenue, 0, 2000, 10) as bucket,
  count(*)::numeric / sum(count(*)) over () as share
from finance.daily_revenue_current r
where r.revenue_date >= :range_start and r.revenue_date < :range_end
group by 1
