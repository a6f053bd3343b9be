-- 200 merchants. 29 quote prices with tax inside (one of them exempt), 10 are exempt: together with the tax rates of
-- their countries that leaves about 1.2 % of gross revenue as tax inside prices.
insert into staging.merchants (merchant_id, name, country, pays_tax_inclusive, tax_exempt)
select
  1000 + n,
  (array['Alder', 'Birch', 'Cedar', 'Dogwood', 'Elm', 'Fir', 'Gorse', 'Hazel', 'Juniper', 'Linden',
         'Maple', 'Nettle', 'Oak', 'Poplar', 'Rowan', 'Sorrel', 'Tansy', 'Willow', 'Yarrow', 'Yew'])[1 + (n - 1) / 10]
    || ' ' ||
  (array['Bakery', 'Books', 'Cycles', 'Garden', 'Kitchen', 'Music', 'Optics', 'Outfitters', 'Tea', 'Tools'])[1 + n % 10],
  case
    when n % 7 = 3 then (array['AU', 'CH', 'JP', 'SG'])[1 + n / 7 % 4]
    else (array['US', 'CA', 'US', 'JP', 'CH', 'SG', 'AU'])[1 + n % 7]
  end,
  n % 7 = 3,
  n % 20 = 6
from generate_series(1, 200) as n;
