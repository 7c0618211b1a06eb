with

surveys as (
    select * from {{ source('feedback', 'surveys') }}
),

final as (
    select
        survey_id,
        ticket_id,
        order_id,
        product_id,
        survey_type,
        is_relational,
        score,
        scale_min,
        scale_max,
        {{ utc('sent_at') }} as sent_at,
        {{ happened_by('responded_at', as_of_end()) }} as responded_at
    from surveys
    where coalesce({{ utc('sent_at') }}, {{ utc('responded_at') }}) < {{ as_of_end() }}
)

select * from final
