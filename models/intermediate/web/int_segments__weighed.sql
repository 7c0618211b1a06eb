{{ config(materialized='fit', method='markov') }}
with

touches as (
    select * from {{ ref('int_touches__labelled') }}
),

-- A campaign may bear any name, also that of a state.
states as (
    select
        dimension,
        month_start_date,
        path_key,
        transaction_id,
        touch_number,
        touch_count,
        ':' || segment as state
    from touches
),

steps as (
    select
        dimension,
        month_start_date,
        coalesce(
            lag(state) over (partition by dimension, path_key order by touch_number),
            '(start)'
        ) as from_state,
        state as to_state
    from states
    union all
    select
        dimension,
        month_start_date,
        state as from_state,
        case when transaction_id is not null then '(conversion)' else '(null)' end as to_state
    from states
    where touch_number = touch_count
),

final as (
    select
        dimension,
        month_start_date,
        from_state,
        to_state,
        count(*) as transition_count
    from steps
    group by dimension, month_start_date, from_state, to_state
)

select * from final
