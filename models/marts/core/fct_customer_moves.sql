with

order_days as (
    select * from {{ ref('int_order_days__profited') }}
),

shop as (
    select * from {{ ref('dim_shop') }}
),

neighboured as (
    select
        person_id,
        order_date,
        lag(order_date) over (partition by person_id order by order_date) as previous_order_date,
        lead(order_date) over (partition by person_id order by order_date) as next_order_date
    from order_days
),

-- An order keeps a customer for 365 days after its own.
bounded as (
    select
        person_id,
        order_date,
        max(
            case
                when previous_order_date is null or previous_order_date < order_date - 365
                    then order_date
            end
        ) over (
            partition by person_id
            order by order_date
            rows between unbounded preceding and current row
        ) as begun_date,
        next_order_date
    from neighboured
),

final as (
    select
        person_id,
        'began' as move_type,
        1 as customer_count_change,
        order_date as move_date,
        begun_date
    from bounded
    where order_date = begun_date
    union all
    select
        bounded.person_id,
        'lapsed' as move_type,
        -1 as customer_count_change,
        bounded.order_date + 365 as move_date,
        bounded.begun_date
    from bounded
    cross join shop
    where bounded.order_date + 365 < coalesce(bounded.next_order_date, shop.as_of_date + 1)
)

select * from final
