with

touches as (
    select * from {{ ref('int_touches__pathed') }}
),

campaigns_per_month as (
    select
        cast(date_trunc('month', path_date) as date) as month_start_date,
        campaign,
        count(*) as touch_count
    from touches
    group by cast(date_trunc('month', path_date) as date), campaign
),

ranked_campaigns as (
    select
        month_start_date,
        campaign,
        row_number() over (
            partition by month_start_date
            order by touch_count desc, campaign
        ) as campaign_rank
    from campaigns_per_month
),

final as (
    select
        'channel_group' as dimension,
        channel_group as segment,
        path_key,
        transaction_id,
        touch_number,
        touch_count,
        cast(date_trunc('month', path_date) as date) as month_start_date,
        path_date
    from touches
    union all
    select
        'campaign' as dimension,
        case
            when ranked_campaigns.campaign_rank <= {{ var('attribution_campaigns', 100) }}
                then touches.campaign
            else '(other)'
        end as segment,
        touches.path_key,
        touches.transaction_id,
        touches.touch_number,
        touches.touch_count,
        ranked_campaigns.month_start_date,
        touches.path_date
    from touches
    inner join ranked_campaigns
        on touches.campaign = ranked_campaigns.campaign
        and cast(date_trunc('month', touches.path_date) as date) = ranked_campaigns.month_start_date
)

select * from final
