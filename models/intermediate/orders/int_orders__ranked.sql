{# noqa: K806 because every fact takes from here who ordered, where and when #}
{{ config(materialized='table') }}
with

orders as (
    select * from {{ ref('int_orders__placed') }}
),

positioned as (
    select
        order_id,
        person_id,
        person_id is not null and is_valid_order as is_customer_order,
        order_date,
        ordered_at,
        {{ id_order('order_id') }} as order_position
    from orders
),

-- Anonymous orders belong to nobody, so nobody's ranks and dates are kept for them.
ranked as (
    select
        order_id,
        is_customer_order,
        case when person_id is not null then row_number() over placed_orders end
            as placed_order_rank,
        case when is_customer_order then row_number() over valid_orders end as valid_order_rank,
        case when is_customer_order then lag(order_date) over valid_orders end
            as previous_valid_order_date,
        case when is_customer_order then lead(order_date) over valid_orders end
            as next_valid_order_date,
        case
            when person_id is not null
                then min(case when is_customer_order then order_date end) over all_orders
        end as first_valid_order_date
    from positioned
    window
        all_orders as (partition by person_id),
        placed_orders as (partition by person_id order by ordered_at, order_position),
        valid_orders as (
            partition by person_id, is_customer_order
            order by ordered_at, order_position
        )
),

final as (
    select
        orders.order_id,
        orders.person_id,
        orders.sales_channel,
        orders.country,
        orders.store,
        orders.cancel_reason,
        coalesce(strftime(ranked.first_valid_order_date, '%Y-%m'), '(none)') as cohort_month,
        orders.is_cancelled,
        orders.is_valid_order,
        ranked.is_customer_order,
        ranked.placed_order_rank,
        ranked.valid_order_rank,
        orders.shipping_amount,
        orders.tax_amount,
        orders.duties_amount,
        orders.order_date,
        ranked.first_valid_order_date,
        ranked.previous_valid_order_date,
        ranked.next_valid_order_date,
        orders.order_hour,
        orders.ordered_at
    from orders
    inner join ranked
        on orders.order_id = ranked.order_id
)

select * from final
