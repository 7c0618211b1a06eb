-- Parcels: what the checkout promised, who carried it, when it arrived. Days are local dates;
-- nothing is shipped or delivered on a Sunday.

create or replace table parcels as
with

parcelled as (
    select
        *,
        unnest(range(1, if(
            is_shipped and line_count > 1 and draw('split', number) < 0.08, 3, 2
        ))) as parcel
    from order_totals
    where (is_shipped or is_pickup)
        and not is_gift_cards
        and not is_test
        and not is_pending
        and cancelled_at is null
),

carried as (
    select
        *,
        10 * order_id + parcel as parcel_id,
        case
            when is_pickup then null
            when home_country in ('AT', 'CH') and draw('carrier', number) < 0.60
                then 'Alpenfracht'
            when paid_for_lines < 2000 then null
            when draw('carrier', number) < 0.55 then 'Postwagen'
            when draw('carrier', number) < 0.90 then 'Blitzpaket'
            else 'Radkurier'
        end as carrier,
        is_shipped and draw('lost', number) < 0.006 and parcel = 1 and line_count = 1 as is_lost
    from parcelled
),

-- The second part of a split order waits for its goods.
handled as (
    select
        *,
        next_working_day(day + cast(
            if(parcel = 2, draw_between('waiting', parcel_id, 2, 5), 1)
            + case
                when is_express or is_pickup or draw('handling', parcel_id) < 0.90 then 0
                when draw('handling', parcel_id) < 0.98 then 1
                else 2
            end
            as integer
        )) as shipped_on,
        next_working_day(next_working_day(day + 1) + cast(
            if(is_pickup or is_express, 1, promise_days - 1) as integer
        )) as promised_on,
        case
            when is_carrier_late and carrier = 'Blitzpaket' and draw('delay', parcel_id) < 0.60
                then draw_between('delay days', parcel_id, 3, 7)
            when draw('delay', parcel_id) < 0.025
                then draw_between('delay days', parcel_id, 2, 5)
            else 0
        end as delay_days
    from carried
),

arriving as (
    select
        *,
        next_working_day(shipped_on + cast(
            delay_days + if(
                is_pickup, 0,
                if(is_express, 1, draw_between(
                    'transit', parcel_id, transit_days_low, transit_days_high
                ))
            )
            as integer
        )) as arrives_on
    from handled
),

timed as (
    select
        *,
        utc(shipped_on + to_minutes(draw_between('printed', parcel_id, 480, 660))) as created_at,
        -- What misses the last van of the week leaves early on Monday.
        utc(shipped_on + to_minutes(
            draw_between('shipped', parcel_id, 680, 980)
                + if(isodow(shipped_on) = 6 and draw('missed', parcel_id) < 0.60, 2280, 0)
        )) as shipped_at,
        utc(arrives_on + to_minutes(draw_between('arrives', parcel_id, 990, 1170))) as arrives_at
    from arriving
)

select
    parcel_id,
    order_id,
    number,
    carrier,
    is_lost,
    if(is_pickup, 2, 1) as location_id,
    created_at,
    if(is_pickup, null, if_known(shipped_at)) as shipped_at,
    if(source_name = '2329312', null, utc(promised_on + interval 20 hour)) as promised_at,
    utc(next_working_day(cast(shipped_on + transit_days_low + 1 as date)) + interval 18 hour)
        as estimated_at,
    if(is_lost, null, if_known(arrives_at)) as delivered_at,
    if(is_lost, if_known(arrives_at + interval 12 day), null) as lost_at,
    source_name != '2329312' and arrives_on > promised_on as is_late,
    case
        when is_lost and arrives_at + interval 12 day < getvariable('export_at') then 'failure'
        when arrives_at < getvariable('export_at') and not is_lost then 'delivered'
        when arrives_at < getvariable('export_at') then 'attempted_delivery'
        when shipped_at >= getvariable('export_at') then 'label_printed'
        when arrives_at < getvariable('export_at') + interval 1 day then 'out_for_delivery'
        else 'in_transit'
    end as status,
    case
        when is_pickup then 0
        when carrier is null then 180
        when home_country = 'DE' then 445
        when home_country = 'CH' then 1340
        else 860
    end + if(is_express, 650, 0) as cost,
    case
        when is_pickup then 'pickup'
        when carrier = 'Radkurier' then 'local'
        else 'shipping'
    end as method
from timed
where created_at < getvariable('export_at');

-- When the buyer had everything in hand; over the counter that is at once.
create or replace table handovers as
with

arrived as (
    select
        number,
        count(*) as parcel_count,
        count(shipped_at) as shipped_count,
        if(count(delivered_at) = count(*), max(delivered_at), null) as handed_at,
        max(lost_at) as lost_at,
        bool_or(is_late) as is_late
    from parcels
    group by number
)

select
    order_totals.number,
    coalesce(arrived.parcel_count, 0) as parcel_count,
    coalesce(arrived.shipped_count, 0) as shipped_count,
    if(
        order_totals.source_name = 'pos' or order_totals.is_gift_cards,
        order_totals.ordered_at, arrived.handed_at
    ) as handed_at,
    arrived.lost_at,
    coalesce(arrived.is_late, false) as is_late
from order_totals
left join arrived
    on order_totals.number = arrived.number;
