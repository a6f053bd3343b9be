-- The rows that finance.daily_revenue_current must show once the days $1 <= day < $2 are corrected: inside them what the
-- feed gives today, late events included; outside them the base table as it is.
-- Each event is taken apart into signed postings, and postings are added up: no case over the two ways of quoting prices.
with bounds (first_day, end_day) as (
  values (cast($1 as date), cast($2 as date))
),
inside as (
  select ev.*
  from bounds, staging.revenue_events as ev
  where ev.revenue_date between bounds.first_day and bounds.end_day - 1
),
postings (day, merchant, gross, net, tax, events, refunds) as (
  select revenue_date, merchant_id, gross, gross, tax, 1, 1 - (sign(gross) + 1) / 2
  from inside
  union all
  -- Feed without tax_mode: tax leaves net where the merchant is one of those that quote prices with tax.
  select revenue_date, merchant_id, 0, 0 - tax, null, 0, 0
  from inside
  where tax is not null
    and tax_mode is null
    and exists (select from staging.merchants as who where who.merchant_id = inside.merchant_id and who.pays_tax_inclusive)
  union all
  select revenue_date, merchant_id, 0, 0 - tax, null, 0, 0
  from inside
  where tax is not null
    and tax_mode = 'inclusive'
)
select day as revenue_date, merchant as merchant_id, sum(gross) as gross_revenue, sum(net) as net_revenue,
  sum(tax) as tax_amount, sum(events)::bigint as event_count, sum(refunds)::bigint as refund_count
from postings
group by day, merchant
union all
select b.revenue_date, b.merchant_id, b.gross_revenue, b.net_revenue, b.tax_amount, b.event_count, b.refund_count
from finance.daily_revenue as b, bounds
where not b.revenue_date <@ daterange(bounds.first_day, bounds.end_day)
