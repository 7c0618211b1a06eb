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
        cast(null as varchar) as transaction_id,
        session_key,
        started_at as moment_at,
        0 as moment_order,
        session_key as moment_position
    from sessions
    where is_countable
    union all
    select
        person_id,
        transaction_id,
        session_key,
        purchased_at as moment_at,
        1 as moment_order,
        transaction_position as moment_position
    from conversions
),

preceded as (
    select
        person_id,
        transaction_id,
        session_key,
        moment_at,
        moment_order,
        moment_position,
        lag(transaction_id) over (
            partition by person_id
            order by moment_at, moment_order, moment_position
        ) as previous_transaction_id,
        lag(moment_at) over (
            partition by person_id
            order by moment_at, moment_order, moment_position
        ) as previous_moment_at
    from moments
),

cut as (
    select
        person_id,
        transaction_id,
        session_key,
        moment_at,
        moment_order,
        moment_position,
        case
            when previous_transaction_id is not null then 1
            when moment_at > previous_moment_at + interval 720 hour then 1
            else 0
        end as piece_step
    from preceded
),

pieces as (
    select
        person_id,
        transaction_id,
        session_key,
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
        case
            when conversions_per_piece.transaction_id is not null
                then 'purchase-' || conversions_per_piece.transaction_id
            else 'none-' || cast(pieces.piece_number as varchar) || '-' || pieces.person_id
        end as path_key,
        conversions_per_piece.transaction_id,
        pieces.session_key,
        0 as visit_order,
        conversions_per_piece.session_date as purchase_session_date,
        conversions_per_piece.purchased_at
    from pieces
    inner join sessions
        on pieces.session_key = sessions.session_key
    left join conversions_per_piece
        on pieces.person_id = conversions_per_piece.person_id
        and pieces.piece_number = conversions_per_piece.piece_number
    where pieces.transaction_id is null
        and (
            conversions_per_piece.transaction_id is null
                or (
                    pieces.session_key != conversions_per_piece.session_key
                        and sessions.started_at <= conversions_per_piece.started_at
                        and sessions.started_at
                            >= conversions_per_piece.purchased_at - interval 720 hour
                )
        )
    union all
    select
        'purchase-' || transaction_id as path_key,
        transaction_id,
        session_key,
        1 as visit_order,
        session_date as purchase_session_date,
        purchased_at
    from conversions
),

ranked as (
    select
        visits.path_key,
        visits.transaction_id,
        visits.session_key,
        visits.visit_order,
        sessions.campaign,
        sessions.channel_group,
        coalesce(visits.purchase_session_date, sessions.session_date) as session_date,
        sessions.started_at,
        visits.purchased_at,
        max(
            case when sessions.channel_group = 'Direct' then 0 else 1 end
        ) over (partition by visits.path_key) as has_other_channels,
        row_number() over (
            partition by visits.path_key
            order by sessions.started_at desc, visits.visit_order desc, visits.session_key desc
        ) as rank_from_end
    from visits
    inner join sessions
        on visits.session_key = sessions.session_key
),

final as (
    select
        path_key,
        transaction_id,
        session_key,
        campaign,
        channel_group,
        row_number() over (
            partition by path_key
            order by started_at, visit_order, session_key
        ) as touch_number,
        count(*) over (partition by path_key) as touch_count,
        max(session_date) over (partition by path_key) as path_date,
        started_at,
        purchased_at
    from ranked
    where channel_group != 'Direct'
        or (has_other_channels = 0 and rank_from_end = 1)
)

select * from final
