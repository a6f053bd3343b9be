-- Who sells on which day, for the days $1 <= day < $2. Merchants whose prices contain tax form a stratum of their own
-- with a fixed number of active merchants, so that the share of tax inside prices is nearly the same on every day.
create temp table active_merchants as
with countries (country, tax_rate) as (
  values ('AU', 0.1000), ('CA', 0.0500), ('CH', 0.0810), ('JP', 0.1000), ('SG', 0.0900), ('US', 0.0725)
),
-- Changes that staging.merchants never heard of, in pairs so that the share of tax-inclusive prices stays the same.
switches (merchant_id, from_day, tax_mode) as (
  values
    (1031, date '2025-10-01', 'exclusive'), (1032, date '2025-10-01', 'inclusive'),
    (1101, date '2026-02-01', 'exclusive'), (1102, date '2026-02-01', 'inclusive')
),
merchant_days as (
  select
    cast(d as date) as day,
    cast(d as date) - date '2020-01-01' as day_no,
    m.merchant_id,
    m.tax_exempt,
    countries.tax_rate,
    coalesce(switches.tax_mode, case when m.pays_tax_inclusive then 'inclusive' else 'exclusive' end) as tax_mode
  from generate_series(cast($1 as date), cast($2 as date) - 1, interval '1 day') as d
  cross join staging.merchants m
  join countries using (country)
  left join switches on switches.merchant_id = m.merchant_id and switches.from_day <= cast(d as date)
),
drawn as (
  select
    *,
    tax_mode = 'inclusive' and not tax_exempt as tax_inside,
    row_number() over (
      partition by day, tax_mode = 'inclusive' and not tax_exempt
      order by hashint8extended(merchant_id * 100003 + day_no, 11)
    ) as draw
  from merchant_days
),
active as (
  select
    *,
    row_number() over (partition by day, tax_inside order by merchant_id) - 1 as slot,
    count(*) over (partition by day, tax_inside) as slots
  from drawn
  where draw <= case when tax_inside then 21 else 126 + (hashint8extended(day_no, 12) & 7) end
)
select
  day, day_no, tax_inside, slot, slots, merchant_id, tax_exempt, tax_rate, tax_mode,
  -- Small merchants only: a big one that sells nothing for a day would move the day's total.
  slot >= slots / 2 and (hashint8extended(merchant_id * 100003 + day_no, 13) & 127) = 0 as refunds_only
from active
