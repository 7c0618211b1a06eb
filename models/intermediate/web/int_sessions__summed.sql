{{ config(materialized='table') }}
with

events as (
    select * from {{ ref('int_events__sessioned') }}
),

-- One pass over all events. What the first or last event of a kind says is the least or greatest
-- of its position together with it.
summed as (
    select
        session_key,
        user_pseudo_id,
        max(
            struct_pack(event_position := event_position, user_id := user_id)
        ) filter (where user_id is not null) as last_login,
        min(
            struct_pack(event_position := event_position, page_location := page_location)
        ) filter (where event_name = 'page_view') as first_page_view,
        min(
            struct_pack(
                event_position := event_position,
                manual_source := manual_source,
                manual_medium := manual_medium,
                manual_campaign := manual_campaign,
                google_click_id := google_click_id
            )
        ) filter (
            where manual_source is not null
                or manual_medium is not null
                or google_click_id is not null
        ) as first_tag,
        min(
            struct_pack(
                event_position := event_position,
                device_category := device_category,
                country := country
            )
        ) as first_event,
        coalesce(bool_or(traffic_type = 'internal'), false) as is_internal,
        bool_or(event_name = 'first_visit') as has_first_visit,
        bool_or(event_name = 'view_item') as has_viewed_item,
        bool_or(event_name = 'add_to_cart') as has_added_to_cart,
        bool_or(event_name = 'begin_checkout') as has_begun_checkout,
        bool_or(event_name = 'add_shipping_info') as has_added_shipping_info,
        bool_or(event_name = 'add_payment_info') as has_added_payment_info,
        bool_or(event_name = 'purchase') as has_purchase_event,
        min(ga_session_number) as ga_session_number,
        count(*) as event_count,
        cast(sum(engagement_msec) as bigint) as engagement_msec,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at
    from events
    group by session_key, user_pseudo_id
),

final as (
    select
        session_key,
        user_pseudo_id,
        coalesce(last_login.user_id, user_pseudo_id) as person_id,
        case
            when first_tag is null then '(direct)'
            when first_tag.manual_source is not null then first_tag.manual_source
            when first_tag.google_click_id is not null then 'google'
            else '(not set)'
        end as source,
        case
            when first_tag is null then '(none)'
            when first_tag.manual_source is null and first_tag.google_click_id is not null
                then 'cpc'
            else coalesce(first_tag.manual_medium, '(not set)')
        end as medium,
        coalesce(first_tag.manual_campaign, '(none)') as campaign,
        coalesce(first_page_view.page_location, '(none)') as landing_page,
        coalesce(first_event.device_category, '(none)') as device_category,
        coalesce(first_event.country, '(none)') as country,
        is_internal,
        has_first_visit,
        has_viewed_item,
        has_added_to_cart,
        has_begun_checkout,
        has_added_shipping_info,
        has_added_payment_info,
        has_purchase_event,
        ga_session_number,
        event_count,
        engagement_msec,
        started_at,
        ended_at
    from summed
)

select * from final
