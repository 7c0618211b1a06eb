with

surveys as (
    select * from {{ ref('stg_feedback__surveys') }}
),

tickets as (
    select * from {{ ref('stg_support__tickets') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

shipments as (
    select * from {{ ref('stg_shopify__shipments') }}
),

shop as (
    select * from {{ ref('dim_shop') }}
),

-- Scales that nobody knows how to read, reversed ones among them, give no answer.
read as (
    select
        survey_id,
        case
            when responded_at is null or score is null then false
            when survey_type = 'csat' then coalesce(scale_max in (2, 3, 5), false)
            when survey_type = 'nps' then coalesce(scale_min = 0 and scale_max = 10, false)
            else coalesce(scale_min < scale_max, false)
        end as is_readable
    from surveys
),

-- Of several answers about one ticket the last one holds.
ranked as (
    select
        surveys.survey_id,
        read.is_readable,
        row_number() over (
            partition by
                surveys.survey_type,
                read.is_readable,
                coalesce(surveys.ticket_id, surveys.survey_id),
                surveys.ticket_id is null
            order by surveys.responded_at desc, {{ id_order('surveys.survey_id') }} desc
        ) as answer_rank
    from surveys
    inner join read
        on surveys.survey_id = read.survey_id
),

-- An order that came in several parcels is judged by the last one.
carriers as (
    select
        order_id,
        carrier,
        row_number() over (
            partition by order_id
            order by
                delivered_at desc nulls last,
                shipped_at desc nulls last,
                {{ id_order('shipment_id') }} desc
        ) as shipment_rank
    from shipments
),

final as (
    select
        surveys.survey_id,
        surveys.ticket_id,
        surveys.order_id,
        surveys.product_id,
        surveys.survey_type,
        coalesce(tickets.via_channel, '(none)') as via_channel,
        coalesce(products.category, '(none)') as category,
        coalesce(carriers.carrier, '(none)') as carrier,
        surveys.responded_at is not null as is_answered,
        ranked.is_readable and (surveys.survey_type != 'csat' or ranked.answer_rank = 1)
            as is_counted,
        surveys.is_relational,
        surveys.scale_max,
        cast(surveys.score as decimal(18, 6)) as score,
        case
            when ranked.is_readable
                then cast(
                    100
                        * (surveys.score - surveys.scale_min)
                        / nullif(
                            cast(surveys.scale_max - surveys.scale_min as double),
                            0
                        ) as decimal(18, 9)
                )
        end as score_points,
        {{ local_date('surveys.sent_at', 'shop.iana_timezone') }} as sent_date,
        {{ local_date('surveys.responded_at', 'shop.iana_timezone') }} as responded_date,
        surveys.sent_at,
        surveys.responded_at
    from surveys
    inner join ranked
        on surveys.survey_id = ranked.survey_id
    cross join shop
    left join tickets
        on surveys.ticket_id = tickets.ticket_id
    left join products
        on surveys.product_id = products.product_id
    left join carriers
        on surveys.order_id = carriers.order_id
        and carriers.shipment_rank = 1
)

select * from final
