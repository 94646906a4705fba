with orders as (

    select * from {{ ref('stg_shop__orders') }}

),

payments as (

    select * from {{ ref('order_payments') }}

),

per_customer as (

    select
        orders.customer_id,
        min(orders.order_date) as first_order,
        max(orders.order_date) as most_recent_order,
        count(*) as number_of_orders,
        sum(coalesce(payments.total_amount, 0)) as lifetime_value

    from orders
    left join payments on payments.order_id = orders.order_id
    group by orders.customer_id

)

select
    customers.customer_id,
    customers.first_name,
    customers.last_name,
    per_customer.first_order,
    per_customer.most_recent_order,
    coalesce(per_customer.number_of_orders, 0) as number_of_orders,
    coalesce(per_customer.lifetime_value, 0) as lifetime_value

from {{ ref('stg_shop__customers') }} as customers
left join per_customer on per_customer.customer_id = customers.customer_id
