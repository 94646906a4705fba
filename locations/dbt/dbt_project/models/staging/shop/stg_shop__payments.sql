select
    cast(id as bigint) as payment_id,
    cast(order_id as bigint) as order_id,
    cast(payment_method as string) as payment_method,
    {{ cents_to_currency('amount') }} as amount

from {{ source('ingestion', 'payments') }}
