-- What people say when they are asked, and what they write under a product.

create or replace table asked as
with

orders as (
    select
        totals.number,
        totals.order_id,
        totals.day,
        totals.ordered_at,
        totals.is_shipped,
        buyers.customer_id,
        handovers.handed_at,
        handovers.is_late,
        first_lines.product_id,
        first_lines.runs_small,
        dice('survey', totals.number) as survey_dice
    from order_totals as totals
    inner join buyers
        on totals.number = buyers.number
    inner join handovers
        on totals.number = handovers.number
    inner join order_lines as first_lines
        on totals.number = first_lines.number
        and first_lines.line = 1
    where not totals.is_test
        and buyers.email is not null
),

by_order as (
    select
        number,
        order_id,
        customer_id,
        is_late,
        null::bigint as ticket_id,
        null::varchar as via_channel,
        0 as slowness,
        coalesce(runs_small, false) as runs_small,
        survey_dice,
        unnest([
            {
                'survey_id': concat('NR', order_id), 'survey_type': 'nps', 'is_relational': true,
                'product_id': null,
                'sent_at': if(
                    chance(survey_dice, 1) < 0.14,
                    utc(day + interval 75 day + interval 10 hour), null
                )
            },
            {
                'survey_id': concat('NT', order_id), 'survey_type': 'nps', 'is_relational': false,
                'product_id': null,
                'sent_at': if(chance(survey_dice, 2) < 0.16, handed_at + interval 4 day, null)
            },
            -- One tool forgot to say which kind it asked.
            {
                'survey_id': concat('NX', order_id), 'survey_type': 'nps', 'is_relational': null,
                'product_id': null,
                'sent_at': if(chance(survey_dice, 3) < 0.006, handed_at + interval 9 day, null)
            },
            {
                'survey_id': concat('DE', order_id), 'survey_type': 'delivery',
                'is_relational': null, 'product_id': null,
                'sent_at': if(
                    is_shipped and chance(survey_dice, 4) < 0.24, handed_at + interval 20 hour, null
                )
            },
            {
                'survey_id': concat('PE', order_id), 'survey_type': 'product_experience',
                'is_relational': null, 'product_id': product_id,
                'sent_at': if(
                    product_id is not null and chance(survey_dice, 5) < 0.16,
                    handed_at + interval 20 day, null
                )
            }
        ], recursive := true)
    from orders
),

by_ticket as (
    select
        tickets.number,
        tickets.order_id,
        buyers.customer_id,
        kind = 1 as is_late,
        ticket_id,
        tickets.via_channel,
        case
            when replied_at > created_at + interval 3 day then 2
            when replied_at > created_at + interval 1 day then 1
            else 0
        end + if(reopened_at is null, 0, 1) as slowness,
        kind = 2 as runs_small,
        ticket_dice as survey_dice,
        unnest([
            {
                'survey_id': concat('CS', ticket_id), 'survey_type': 'csat',
                'is_relational': null, 'product_id': null,
                'sent_at': if(
                    chance(ticket_dice, 31) < 0.80, first_solved_at + interval 30 minute, null
                )
            },
            -- Asked again after the case was opened again.
            {
                'survey_id': concat('CT', ticket_id), 'survey_type': 'csat',
                'is_relational': null, 'product_id': null,
                'sent_at': if(
                    reopened_at is not null and chance(ticket_dice, 32) < 0.60,
                    solved_at + interval 30 minute, null
                )
            },
            {
                'survey_id': concat('CE', ticket_id), 'survey_type': 'ces',
                'is_relational': null, 'product_id': null,
                'sent_at': if(
                    chance(ticket_dice, 33) < 0.15, first_solved_at + interval 2 hour, null
                )
            }
        ], recursive := true)
    from ticket_times as tickets
    inner join buyers
        on tickets.number = buyers.number
    where kind < 8
        and not is_repeated
        and not is_deleted
)

select *
from (
    select * from by_order
    union all by name
    select * from by_ticket
)
where sent_at < getvariable('export_at');

create or replace table feedback.surveys as
with

answered as (
    select
        *,
        dice('answer', survey_id) as answer_dice,
        if_known(sent_at + to_minutes(5 + cast(floor(
            -1500 * ln(1 - chance(dice('answer', survey_id), 1))
        ) as bigint))) as answer_at,
        case
            when survey_type = 'nps' then 10
            when survey_type = 'ces' then 7
            when survey_type = 'csat' and sent_at < utc(days_before_end(500)) then 2
            when survey_type = 'csat' and via_channel in ('whatsapp', 'instagram_dm') then 3
            else 5
        end as scale_max,
        -- How content: what went wrong tells, the rest is mood.
        chance(dice('answer', survey_id), 2)
            - if(is_late and survey_type in ('nps', 'delivery'), 0.40, 0)
            - if(is_late and survey_type = 'csat', 0.04, 0)
            - if(runs_small and survey_type in ('nps', 'product_experience'), 0.36, 0)
            - 0.06 * slowness as mood
    from asked
),

scored as (
    select
        *,
        if(chance(answer_dice, 3) < 0.42, answer_at, null) as responded_at,
        case scale_max
            when 10 then case
                when mood > 0.45 then 10 - chance_between(answer_dice, 4, 0, 1)
                when mood > 0.18 then 7 + chance_between(answer_dice, 4, 0, 1)
                when mood > 0 then 4 + chance_between(answer_dice, 4, 0, 2)
                else chance_between(answer_dice, 4, 0, 3)
            end
            when 7 then greatest(1, 7 - cast(floor(6 * (1 - greatest(mood, 0))) as bigint) // 2)
            when 2 then if(mood > 0.15, 2, 1)
            when 3 then if(mood > 0.22, 3, if(mood > 0.05, 2, 1))
            else case
                when mood > 0.42 then 5
                when mood > 0.20 then 4
                when mood > 0.08 then 3
                when mood > -0.10 then 2
                else 1
            end
        end as wished_score
    from answered
)

select
    survey_id,
    survey_type,
    sent_at,
    responded_at,
    if(responded_at is null, null, wished_score)::double as score,
    if(scale_max = 10, 0, 1) as scale_min,
    scale_max,
    customer_id,
    ticket_id,
    order_id,
    product_id,
    coalesce(via_channel, 'email') as channel,
    case
        when responded_at is null then null
        when is_late and mood < 0 then 'late'
        when runs_small and mood < 0 then 'size'
    end as reason,
    case
        when responded_at is null or chance(answer_dice, 5) > 0.25 then null
        when is_late and mood < 0 then 'Took far too long to arrive.'
        when runs_small and mood < 0 then 'Runs small.'
        when mood > 0.6 then 'All good, thank you.'
    end as comment,
    is_relational
from scored;

create or replace table feedback.reviews as
with

written as (
    select
        lines.line_id,
        lines.product_id,
        lines.variant_id,
        lines.runs_small,
        totals.order_id,
        buyers.customer_id,
        handovers.is_late,
        dice('review', lines.line_id) as review_dice,
        handovers.handed_at
            + to_minutes(chance_between(dice('review', lines.line_id), 1, 3000, 38000))
            as created_at
    from order_lines as lines
    inner join order_totals as totals
        on lines.number = totals.number
    inner join handovers
        on lines.number = handovers.number
    inner join buyers
        on lines.number = buyers.number
    where handovers.handed_at is not null
        and lines.product_id is not null
        and not lines.is_gift_card
        and not totals.is_test
        and draw('reviewed', lines.line_id) < 0.09
),

judged as (
    select
        *,
        chance(review_dice, 2) < 0.05 as is_syndicated,
        case
            when runs_small and chance(review_dice, 3) < 0.60
                then chance_from(review_dice, 4, [1, 2, 2, 3, 3])
            when is_late and chance(review_dice, 3) < 0.50
                then chance_from(review_dice, 4, [1, 2, 3, 3])
            else chance_from(review_dice, 4, [5, 5, 5, 5, 5, 5, 4, 4, 4, 4, 3, 2])
        end as score,
        runs_small and chance(review_dice, 3) < 0.60 as is_about_size,
        is_late and chance(review_dice, 3) < 0.50 as is_about_delivery
    from written
    where created_at < getvariable('export_at')
)

select
    concat('R', line_id) as review_id,
    product_id,
    variant_id,
    if(is_syndicated, null, customer_id) as customer_id,
    if(is_syndicated, null, order_id) as order_id,
    created_at,
    score,
    case
        when is_about_size then 'Too small'
        when is_about_delivery then 'Too late'
        when score >= 4 then 'Good'
        else 'Not for me'
    end as title,
    case
        when is_about_size then 'Runs small, order one size up.'
        when is_about_delivery then 'The parcel came days after the promise.'
        when score >= 4 then 'Does what it should.'
        else 'I had expected more.'
    end as content,
    if(is_syndicated, null, true) as verified_buyer,
    chance(review_dice, 5) < 0.06 as incentivized,
    case
        when created_at >= getvariable('export_at') - interval 36 hour then 'pending'
        when chance(review_dice, 6) < 0.03 then 'rejected'
        when chance(review_dice, 6) < 0.06 then 'spam'
        else 'published'
    end as status,
    cast(floor(-4 * ln(1 - chance(review_dice, 7))) as bigint) as votes_up,
    cast(floor(-1 * ln(1 - chance(review_dice, 8))) as bigint) as votes_down,
    if(chance(review_dice, 9) < 0.12, 1, 0) as images,
    if(
        score <= 2 and chance(review_dice, 10) < 0.60,
        if_known(created_at + to_minutes(chance_between(review_dice, 11, 300, 5000))), null
    ) as replied_at,
    is_syndicated as syndicated
from judged;
