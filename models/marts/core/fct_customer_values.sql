with

customers as (
    select * from {{ ref('int_customers__expected') }}
),

-- Without a repeat a customer cannot have stopped. What a purchase earns is known the better the
-- more of them there were; a mean that is no profit, or has no bound, gives way to the shop's.
predicted as (
    select
        customers.person_id,
        customers.channel_group,
        customers.cohort_month,
        customers.repeat_count,
        customers.recency_days,
        customers.age_days,
        case
            when customers.repeat_count = 0 and customers.r is not null then 1
            else 1
                / (
                    1
                        + customers.a
                            / (customers.b + customers.repeat_count - 1)
                            * exp(
                                (customers.r + customers.repeat_count)
                                    * ln(
                                        (customers.alpha + cast(customers.age_days as double) / 7)
                                            / (
                                                customers.alpha
                                                    + cast(customers.recency_days as double) / 7
                                            )
                                    )
                            )
                )
        end as alive_probability,
        case
            when customers.p is null then null
            when customers.mean_repeat_profit_amount <= 0 then customers.mean_profit_amount
            when customers.p * customers.valued_repeat_count + customers.q <= 1
                then customers.mean_profit_amount
            else customers.p
                * (
                    customers.gamma
                        + coalesce(
                            customers.valued_repeat_count * customers.mean_repeat_profit_amount,
                            0
                        )
                )
                / (customers.p * customers.valued_repeat_count + customers.q - 1)
        end as expected_profit,
        customers.purchases_12m_quantity,
        customers.purchases_24m_quantity,
        customers.purchases_36m_quantity,
        customers.early_profit_amount,
        customers.order_date
    from customers
),

final as (
    select
        person_id,
        channel_group,
        cohort_month,
        repeat_count,
        recency_days,
        age_days,
        cast(alive_probability as decimal(18, 15)) as alive_probability,
        {{ fine_money('expected_profit') }} as expected_profit_amount,
        {{ fine_money('alive_probability * purchases_12m_quantity * expected_profit') }}
            as predicted_12m_amount,
        {{ fine_money('alive_probability * purchases_24m_quantity * expected_profit') }}
            as predicted_24m_amount,
        {{ fine_money('alive_probability * purchases_36m_quantity * expected_profit') }}
            as predicted_36m_amount,
        {{ fine_money(
            'alive_probability * purchases_24m_quantity * expected_profit / '
            ~ var('target_ltv_cac', 3)
        ) }} as cost_ceiling_amount,
        {{ fine_money('early_profit_amount') }} as early_profit_amount,
        order_date as first_order_date,
        order_date + cast(ceil({{ var('payback_limit_months', 12) }} * 30.4375) as integer) - 1
            as payback_date
    from predicted
)

select * from final
