-- Events of the days $2 <= day < $3 at about $1 events a day: weekdays 0.9 times, weekends 1.3 times, plus or minus 3 %.
-- Needs the session's time zone to be UTC. Everything is a hash of day and position, never random(): the same call writes
-- the same events on any server.
-- Prices follow the golden-ratio sequence within a day and stratum. It fills the range evenly, which keeps the sum of a
-- day with 40 events in a stratum within a few percent of its expectation; independent draws would scatter by 15 %.
insert into staging.revenue_events
  (event_id, merchant_id, occurred_at, revenue_date, gross, tax, channel, kind, tax_mode, loaded_at)
with days as (
  select
    d as midnight,
    cast(d as date) as day,
    cast(d as date) - date '2020-01-01' as day_no,
    cast(round(
      cast($1 as integer)
      * case when extract(isodow from d) >= 6 then 1.3 else 0.9 end
      * (0.97 + 0.06 * (hashint8extended(cast(d as date) - date '2020-01-01', 21) & 1023) / 1023.0)
    ) as integer) as events,
    -- The current day is not over: its events happened between midnight and now.
    cast(least(86400, greatest(1, extract(epoch from now() - d))) as float8) as seconds
  from generate_series(cast($2 as date), cast($3 as date) - 1, interval '1 day') as d
),
strata as (
  select *, true as tax_inside, 0 as first, cast(round(events * 0.14) as integer) as size from days
  union all
  select *, false, cast(round(events * 0.14) as integer), events - cast(round(events * 0.14) as integer) from days
),
slot_counts as (
  select day, tax_inside, count(*) as slots from active_merchants group by day, tax_inside
),
draws as (
  select
    s.day, s.midnight, s.tax_inside, s.seconds, c.slots, k,
    cast(s.day_no as bigint) * 1000000 + s.first + k as event_id,
    hashint8extended(cast(s.day_no as bigint) * 1000000 + s.first + k, 22) as noise,
    hashint8extended(s.day_no * 2 + cast(s.tax_inside as integer), 23) & 1023 as phase
  from strata s
  join slot_counts c on c.day = s.day and c.tax_inside = s.tax_inside
  cross join lateral generate_series(0, s.size - 1) as k
),
-- Every active merchant sells something; what is left over goes to the big ones, those with low numbers.
placed as (
  select
    *,
    case when k < slots then k else cast(floor(slots * power((noise & 65535) / 65536.0::float8, 2)) as bigint) end as slot,
    k * 0.6180339887498949::float8 + phase / 1024.0::float8 as turns
  from draws
),
priced as (
  select
    p.event_id, p.day, p.noise, a.merchant_id, a.tax_exempt, a.tax_inside, a.tax_rate, a.tax_mode,
    p.midnight + interval '1 second' * floor(p.seconds * (p.noise >> 16 & 65535) / 65536) as occurred_at,
    a.refunds_only or (p.k + p.phase) % 23 = 0 as refund,
    cast(500 + floor(19500 * power(p.turns - floor(p.turns), 2)) as numeric) / 100 as price
  from placed p
  join active_merchants a on a.day = p.day and a.tax_inside = p.tax_inside and a.slot = p.slot
)
select
  event_id,
  merchant_id,
  occurred_at,
  day,
  case when refund then -price else price end,
  case when not tax_exempt then
    case when refund then -1 else 1 end
    * round(case when tax_mode = 'inclusive' then price * tax_rate / (1 + tax_rate) else price * tax_rate end, 2)
  end,
  (array['app', 'marketplace', 'store', 'store', 'store', 'web', 'web', 'web', 'web', 'web', 'web', null])[1 + (noise >> 32 & 65535) % 12],
  case when refund then 'refund' else 'sale' end,
  case when day >= date '2025-07-01' then tax_mode end,
  occurred_at + interval '1 second' * (30 + (noise >> 48 & 255))
from priced
order by event_id
