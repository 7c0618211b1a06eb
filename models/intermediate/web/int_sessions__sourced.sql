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
        sessions.person_id,
        sessions.started_at,
        traffic_sources.channel_group,
        traffic_sources.channel_group = 'Direct' as is_direct,
        case
            when not sessions.is_bot
                and not sessions.is_internal
                and traffic_sources.channel_group != 'Direct'
                then struct_pack(
                    channel_group := traffic_sources.channel_group,
                    started_at := sessions.started_at
                )
        end as credited_visit
    from sessions
    inner join traffic_sources
        on sessions.source = traffic_sources.source
        and sessions.medium = traffic_sources.medium
        and sessions.campaign = traffic_sources.campaign
),

-- Of sessions that start together, direct ones come first: what starts at the same moment is
-- not earlier.
remembered as (
    select
        session_key,
        channel_group,
        is_direct,
        started_at,
        last_value(credited_visit ignore nulls) over (
            partition by person_id
            order by started_at, is_direct desc, session_key
            rows between unbounded preceding and current row
        ) as last_credited_visit
    from grouped
),

channelled as (
    select
        session_key,
        channel_group,
        case
            when is_direct and last_credited_visit.started_at >= started_at - interval 2160 hour
                then last_credited_visit.channel_group
            else channel_group
        end as lnd_channel_group
    from remembered
),

final as (
    select
        sessions.session_key,
        sessions.user_pseudo_id,
        sessions.person_id,
        sessions.source,
        sessions.medium,
        sessions.campaign,
        channelled.channel_group,
        channelled.lnd_channel_group,
        sessions.landing_page,
        sessions.device_category,
        sessions.country,
        sessions.is_bot,
        sessions.is_internal,
        not sessions.is_bot and not sessions.is_internal as is_countable,
        sessions.engagement_msec > shops.engaged_session_seconds * 1000
            or sessions.page_view_count >= 2
            or sessions.has_purchase_event as is_engaged,
        sessions.has_first_visit,
        sessions.has_viewed_item,
        sessions.has_added_to_cart,
        sessions.has_begun_checkout,
        sessions.has_added_shipping_info,
        sessions.has_added_payment_info,
        sessions.ga_session_number,
        sessions.event_count,
        sessions.page_view_count,
        sessions.engagement_msec,
        {{ local_date('sessions.started_at', 'shops.iana_timezone') }} as session_date,
        {{ local_date('sessions.ended_at', 'shops.iana_timezone') }} as session_end_date,
        sessions.started_at,
        sessions.ended_at
    from sessions
    cross join shops
    inner join channelled
        on sessions.session_key = channelled.session_key
)

select * from final
