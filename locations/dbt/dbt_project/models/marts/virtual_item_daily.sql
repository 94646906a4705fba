select
    cast(occurred_at as date) as day,
    virtual_item,
    count(*) as purchases,
    sum(cost) as revenue,
    min(cost) as lowest_cost,
    max(cost) as highest_cost

from {{ ref('stg_kaizen_wars__fact_virtual') }}
group by cast(occurred_at as date), virtual_item
