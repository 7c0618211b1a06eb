{# noqa: K821 because GA4 gives its events no key #}
with

events as (
    select * from {{ source('ga4', 'web_events') }}
),

final as (
    select
        nullif(user_pseudo_id, '') as user_pseudo_id,
        nullif(user_id, '') as user_id,
        event_name,
        ecommerce.transaction_id as transaction_id,
        nullif({{ event_param('page_location', 'string_value') }}, '') as page_location,
        nullif({{ event_param('video_url', 'string_value') }}, '') as video_url,
        {{ event_param('traffic_type', 'string_value') }} as traffic_type,
        nullif(collected_traffic_source.manual_source, '') as manual_source,
        nullif(collected_traffic_source.manual_medium, '') as manual_medium,
        nullif(collected_traffic_source.manual_campaign_name, '') as manual_campaign,
        nullif(collected_traffic_source.gclid, '') as google_click_id,
        nullif(device.category, '') as device_category,
        nullif(geo.country, '') as country,
        {{ event_param('ga_session_id', 'int_value') }} as ga_session_id,
        {{ event_param('ga_session_number', 'int_value') }} as ga_session_number,
        coalesce({{ event_param('engagement_time_msec', 'int_value') }}, 0) as engagement_msec,
        ecommerce.purchase_revenue as purchase_revenue_amount,
        items,
        coalesce(batch_page_id, 0) as batch_page_number,
        coalesce(batch_ordering_id, 0) as batch_request_number,
        coalesce(batch_event_index, 0) as batch_event_number,
        make_timestamp(event_timestamp) as occurred_at
    from events
    where make_timestamp(event_timestamp) < {{ as_of_end() }}
)

select * from final
