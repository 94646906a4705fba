with source as (

    select * from {{ source('ingestion', 'fact_virtual') }}

),

typed as (

    select
        cast(id as bigint) as id,
        cast(virtual_item as string) as virtual_item,
        cast(cost as decimal(18, 2)) as cost,
        cast(`timestamp` as timestamp) as occurred_at

    from source
    where id is not null

),

-- A reload may bring an event twice: its latest version counts.
numbered as (

    select
        *,
        row_number() over (partition by id order by occurred_at desc, cost desc) as version_number

    from typed

)

select
    id,
    virtual_item,
    cost,
    occurred_at

from numbered
where version_number = 1
