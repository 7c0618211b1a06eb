{# noqa: K806 because every web fact takes from here who came, whence and when #}
{{ config(materialized='table') }}
with

sessions as (
    select * from {{ ref('int_sessions__screened') }}
),

traffic_sources as (
    select * from {{ ref('int_traffic_sources__grouped') }}
),

shops as (
    select * from {{ ref('stg_shop__shops') }}
),

grouped as (
    select
        sessions.session_key,
        sessions.user_pseudo_id,
        sessions.person_id,
        sessions.source,
        sessions.medium,
        sessions.campaign,
        traffic_sources.channel_group,
        sessions.landing_page,
        sessions.device_category,
        sessions.country,
        sessions.is_bot,
        sessions.is_internal,
        not sessions.is_bot and not sessions.is_internal as is_countable,
        sessions.has_first_visit,
        sessions.has_viewed_item,
        sessions.has_added_to_cart,
        sessions.has_begun_checkout,
        sessions.has_added_shipping_info,
        sessions.has_added_payment_info,
        sessions.has_purchase_event,
        sessions.ga_session_number,
        sessions.event_count,
        sessions.page_view_count,
        sessions.engagement_msec,
        sessions.started_at,
        sessions.ended_at
    from sessions
    inner join traffic_sources
        on sessions.source = traffic_sources.source
        and sessions.medium = traffic_sources.medium
        and sessions.campaign = traffic_sources.campaign
),

-- The last visit that was not direct. Of sessions that start together, direct ones come first:
-- what starts at the same moment is not earlier.
remembered as (
    select
        session_key,
        user_pseudo_id,
        person_id,
        source,
        medium,
        campaign,
        channel_group,
        landing_page,
        device_category,
        country,
        is_bot,
        is_internal,
        is_countable,
        has_first_visit,
        has_viewed_item,
        has_added_to_cart,
        has_begun_checkout,
        has_added_shipping_info,
        has_added_payment_info,
        has_purchase_event,
        ga_session_number,
        event_count,
        page_view_count,
        engagement_msec,
        started_at,
        ended_at,
        last_value(
            case
                when is_countable and channel_group != 'Direct'
                    then struct_pack(channel_group := channel_group, started_at := started_at)
            end ignore nulls
        ) over (
            partition by person_id
            order by started_at, channel_group = 'Direct' desc, session_key
            rows between unbounded preceding and current row
        ) as last_visit
    from grouped
),

final as (
    select
        remembered.session_key,
        remembered.user_pseudo_id,
        remembered.person_id,
        remembered.source,
        remembered.medium,
        remembered.campaign,
        remembered.channel_group,
        case
            when remembered.channel_group = 'Direct'
                and remembered.last_visit.started_at >= remembered.started_at - interval 2160 hour
                then remembered.last_visit.channel_group
            else remembered.channel_group
        end as lnd_channel_group,
        remembered.landing_page,
        remembered.device_category,
        remembered.country,
        remembered.is_bot,
        remembered.is_internal,
        remembered.is_countable,
        remembered.engagement_msec > shops.engaged_session_seconds * 1000
            or remembered.page_view_count >= 2
            or remembered.has_purchase_event as is_engaged,
        remembered.has_first_visit,
        remembered.has_viewed_item,
        remembered.has_added_to_cart,
        remembered.has_begun_checkout,
        remembered.has_added_shipping_info,
        remembered.has_added_payment_info,
        remembered.ga_session_number,
        remembered.event_count,
        remembered.page_view_count,
        remembered.engagement_msec,
        {{ local_date('remembered.started_at', 'shops.iana_timezone') }} as session_date,
        {{ local_date('remembered.ended_at', 'shops.iana_timezone') }} as session_end_date,
        remembered.started_at,
        remembered.ended_at
    from remembered
    cross join shops
)

select * from final
