-- What the dashboard's own table shows, and when it was last refreshed.
select net_revenue as value, refreshed_at as measured_at
from finance.dashboard_totals
