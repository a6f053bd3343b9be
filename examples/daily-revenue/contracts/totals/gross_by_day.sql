-- Straight from the feed, by day alone: no merchants, no grouping by key, sales and refunds added up apart. A join or a
-- grouping in the transform that loses or doubles events shows up as a difference to this figure.
select
  e.revenue_date as partition_start,
  coalesce(sum(abs(e.gross)) filter (where e.kind = 'sale'), 0)
    - coalesce(sum(abs(e.gross)) filter (where e.kind = 'refund'), 0) as value
from staging.revenue_events e
where e.revenue_date >= :range_start
  and e.revenue_date < :range_end
group by e.revenue_date
