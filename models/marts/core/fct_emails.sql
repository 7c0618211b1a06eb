with

sends as (
    select * from {{ ref('stg_email__sends') }}
),

campaigns as (
    select * from {{ ref('stg_email__campaigns') }}
),

events as (
    select * from {{ ref('stg_email__events') }}
),

shop as (
    select * from {{ ref('dim_shop') }}
),

events_per_message as (
    select
        message_id,
        count(*) filter (where event_type in ('Bounced Email', 'Dropped Email')) as failure_count,
        count(*) filter (where event_type = 'Opened Email') as open_count,
        count(*) filter (where event_type = 'Opened Email' and not is_privacy_open)
            as human_open_count,
        count(*) filter (where event_type = 'Clicked Email' and not is_bot_click)
            as human_click_count,
        count(*) filter (where event_type = 'Unsubscribed') as unsubscribe_count
    from events
    group by message_id
),

-- Mail about an order is no marketing. What did not arrive counts for nothing but being sent.
final as (
    select
        sends.message_id,
        case
            when sends.campaign_id is not null then 'campaign'
            when sends.flow_id is not null then 'flow'
            else '(none)'
        end as message_type,
        coalesce(events_per_message.failure_count, 0) = 0 as is_delivered,
        coalesce(events_per_message.failure_count = 0 and events_per_message.open_count > 0, false)
            as is_opened,
        coalesce(
            events_per_message.failure_count = 0 and events_per_message.human_open_count > 0,
            false
        ) as is_opened_by_human,
        coalesce(
            events_per_message.failure_count = 0 and events_per_message.human_click_count > 0,
            false
        ) as is_clicked_by_human,
        coalesce(
            events_per_message.failure_count = 0 and events_per_message.unsubscribe_count > 0,
            false
        ) as is_unsubscribed,
        {{ local_date('sends.sent_at', 'shop.iana_timezone') }} as sent_date,
        sends.sent_at
    from sends
    cross join shop
    left join campaigns
        on sends.campaign_id = campaigns.campaign_id
    left join events_per_message
        on sends.message_id = events_per_message.message_id
    where not coalesce(campaigns.is_transactional, false)
)

select * from final
