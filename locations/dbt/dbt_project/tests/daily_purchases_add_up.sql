-- Every event stands in exactly one day: the daily counts add up to the staged events.
select daily.purchases, staged.events
from (select sum(purchases) as purchases from {{ ref('virtual_item_daily') }}) as daily
cross join (select count(*) as events from {{ ref('stg_kaizen_wars__fact_virtual') }}) as staged
where coalesce(daily.purchases, 0) <> staged.events
