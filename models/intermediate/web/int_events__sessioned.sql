{# noqa: K806, K821 because GA4 gives its events no key, and every web model looks for other ones #}
with

events as (
    select * from {{ ref('stg_ga4__events') }}
),

final as (
    select
        user_pseudo_id || '.' || cast(ga_session_id as varchar) as session_key,
        user_pseudo_id,
        user_id,
        event_name,
        transaction_id,
        page_location,
        video_url,
        traffic_type,
        manual_source,
        manual_medium,
        manual_campaign,
        google_click_id,
        device_category,
        country,
        ga_session_number,
        engagement_msec,
        purchase_revenue_amount,
        items,
        struct_pack(
            occurred_at := occurred_at,
            page_number := batch_page_number,
            request_number := batch_request_number,
            event_number := batch_event_number
        ) as event_position,
        occurred_at
    from events
    where user_pseudo_id is not null
        and ga_session_id is not null
)

select * from final
