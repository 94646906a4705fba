select
    cast(id as bigint) as customer_id,
    cast(first_name as string) as first_name,
    cast(last_name as string) as last_name

from {{ source('ingestion', 'customers') }}
