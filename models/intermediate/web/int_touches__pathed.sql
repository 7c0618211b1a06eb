{{ config(materialized='table') }}
with

sessions as (
    select * from {{ ref('int_sessions__sourced') }}
),

purchases as (
    select * from {{ ref('int_purchases__credited') }}
),

conversions as (
    select
        purchases.transaction_id,
        {{ id_order('purchases.transaction_id') }} as transaction_position,
        sessions.person_id,
        sessions.session_key,
        sessions.campaign,
        sessions.channel_group,
        sessions.session_date,
        sessions.started_at,
        purchases.purchased_at
    from purchases
    inner join sessions
        on purchases.session_key = sessions.session_key
),

-- A session that begins at the moment of a purchase comes before it.
moments as (
    select
        person_id,
        session_key,
        campaign,
        channel_group,
        session_date,
        cast(null as varchar) as transaction_id,
        0 as moment_order,
        session_key as moment_position,
        started_at as moment_at
    from sessions
    where is_countable
    union all
    select
        person_id,
        session_key,
        cast(null as varchar) as campaign,
        cast(null as varchar) as channel_group,
        session_date,
        transaction_id,
        1 as moment_order,
        transaction_position as moment_position,
        purchased_at as moment_at
    from conversions
),

cut as (
    select
        person_id,
        session_key,
        campaign,
        channel_group,
        session_date,
        transaction_id,
        moment_order,
        moment_position,
        moment_at,
        case
            when lag(moment_order) over (
                partition by person_id
                order by moment_at, moment_order, moment_position
            )
                = 1
                then 1
            when moment_at
                > interval 720 hour
                    + lag(moment_at) over (
                        partition by person_id
                        order by moment_at, moment_order, moment_position
                    )
                then 1
            else 0
        end as piece_step
    from moments
),

pieces as (
    select
        person_id,
        session_key,
        campaign,
        channel_group,
        session_date,
        transaction_id,
        moment_at,
        sum(piece_step) over (
            partition by person_id
            order by moment_at, moment_order, moment_position
            rows between unbounded preceding and current row
        ) as piece_number
    from cut
),

conversions_per_piece as (
    select
        pieces.person_id,
        pieces.piece_number,
        conversions.transaction_id,
        conversions.session_key,
        conversions.campaign,
        conversions.channel_group,
        conversions.session_date,
        conversions.started_at,
        conversions.purchased_at
    from pieces
    inner join conversions
        on pieces.transaction_id = conversions.transaction_id
),

-- What began after the session of the purchase, or too early for it, is on no path.
visits as (
    select
        pieces.person_id,
        pieces.piece_number,
        conversions_per_piece.transaction_id,
        pieces.session_key,
        0 as visit_order,
        pieces.campaign,
        pieces.channel_group,
        coalesce(conversions_per_piece.session_date, pieces.session_date) as session_date,
        pieces.moment_at as started_at,
        conversions_per_piece.purchased_at
    from pieces
    left join conversions_per_piece
        on pieces.person_id = conversions_per_piece.person_id
        and pieces.piece_number = conversions_per_piece.piece_number
    where pieces.transaction_id is null
        and (
            conversions_per_piece.transaction_id is null
                or (
                    pieces.session_key != conversions_per_piece.session_key
                        and pieces.moment_at <= conversions_per_piece.started_at
                        and pieces.moment_at
                            >= conversions_per_piece.purchased_at - interval 720 hour
                )
        )
    union all
    select
        person_id,
        piece_number,
        transaction_id,
        session_key,
        1 as visit_order,
        campaign,
        channel_group,
        session_date,
        started_at,
        purchased_at
    from conversions_per_piece
),

ranked as (
    select
        person_id,
        piece_number,
        transaction_id,
        session_key,
        visit_order,
        campaign,
        channel_group,
        session_date,
        started_at,
        purchased_at,
        max(
            case when channel_group = 'Direct' then 0 else 1 end
        ) over (partition by person_id, piece_number) as has_other_channels,
        row_number() over (
            partition by person_id, piece_number
            order by started_at desc, visit_order desc, session_key desc
        ) as rank_from_end
    from visits
),

final as (
    select
        case
            when transaction_id is not null then 'purchase-' || transaction_id
            else 'none-' || cast(piece_number as varchar) || '-' || person_id
        end as path_key,
        transaction_id,
        session_key,
        campaign,
        channel_group,
        row_number() over (
            partition by person_id, piece_number
            order by started_at, visit_order, session_key
        ) as touch_number,
        count(*) over (partition by person_id, piece_number) as touch_count,
        max(session_date) over (partition by person_id, piece_number) as path_date,
        started_at,
        purchased_at
    from ranked
    where channel_group != 'Direct'
        or (has_other_channels = 0 and rank_from_end = 1)
)

select * from final
