-- What the dashboard asks when somebody opens it: the last month of the interval.
select r.revenue_date, sum(r.net_revenue) as net_revenue
from finance.daily_revenue_current r
where r.revenue_date >= :range_end - 31 and r.revenue_date < :range_end
group by r.revenue_date
