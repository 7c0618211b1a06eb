with

sessions as (
    select * from {{ ref('int_sessions__summed') }}
),

channel_sources as (
    select * from {{ ref('channel_sources') }}
),

traffic_sources as (
    select
        source,
        medium,
        campaign,
        lower(source) as plain_source,
        lower(medium) as plain_medium,
        lower(campaign) as plain_campaign
    from sessions
    group by source, medium, campaign
),

described as (
    select
        traffic_sources.source,
        traffic_sources.medium,
        traffic_sources.campaign,
        traffic_sources.plain_source,
        traffic_sources.plain_medium,
        contains(traffic_sources.plain_campaign, 'cross-network') as is_cross_network,
        regexp_matches(traffic_sources.plain_medium, '^(.*cp.*|ppc|retargeting|paid.*)$')
            as is_paid,
        coalesce(channel_sources.category = 'search', false) as is_search,
        coalesce(channel_sources.category = 'social', false) as is_social,
        coalesce(channel_sources.category = 'video', false) as is_video,
        coalesce(channel_sources.category = 'shopping', false)
            or regexp_matches(
                traffic_sources.plain_campaign,
                '^(.*(([^a-df-z]|^)shop|shopping).*)$'
            ) as is_shopping
    from traffic_sources
    left join channel_sources
        on traffic_sources.plain_source = channel_sources.source
),

-- The list of GA4 in its order; what matches first counts.
final as (
    select
        source,
        medium,
        campaign,
        case
            when plain_source = '(direct)' and plain_medium in ('(none)', '(not set)') then 'Direct'
            when is_cross_network then 'Cross-network'
            when is_shopping and is_paid then 'Paid Shopping'
            when is_search and is_paid then 'Paid Search'
            when is_social and is_paid then 'Paid Social'
            when is_video and is_paid then 'Paid Video'
            when plain_medium in ('display', 'banner', 'expandable', 'interstitial', 'cpm')
                then 'Display'
            when is_paid then 'Paid Other'
            when is_shopping then 'Organic Shopping'
            when is_social
                or plain_medium in (
                    'social',
                    'social-network',
                    'social-media',
                    'sm',
                    'social network',
                    'social media'
                )
                then 'Organic Social'
            when is_video or contains(plain_medium, 'video') then 'Organic Video'
            when is_search or plain_medium = 'organic' then 'Organic Search'
            when plain_medium in ('referral', 'app', 'link') then 'Referral'
            when plain_source in ('email', 'e-mail', 'e_mail', 'e mail')
                or plain_medium in ('email', 'e-mail', 'e_mail', 'e mail')
                then 'Email'
            when plain_medium = 'affiliate' then 'Affiliates'
            when plain_medium = 'audio' then 'Audio'
            when plain_source = 'sms' or plain_medium = 'sms' then 'SMS'
            when plain_source = 'firebase'
                or regexp_matches(plain_medium, 'push$|mobile|notification')
                then 'Mobile Push'
            else 'Unassigned'
        end as channel_group
    from described
)

select * from final
