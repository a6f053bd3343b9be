-- The finance export reads the published view, row by row.
select sum(r.gross_revenue) as value
from finance.daily_revenue_current r
where r.revenue_date <@ :interval
