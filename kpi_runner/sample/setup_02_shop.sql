-- The shop itself: who sells, from where, to which countries, in which currencies.

set variable timezone = 'Europe/Berlin';
set variable first_day = getvariable('last_day') - (getvariable('days') - 1);
set variable export_at = utc(cast(getvariable('last_day') + 1 as timestamp));
set variable export_us = epoch_us(getvariable('export_at'));

create schema shop;
create schema shopify;

create table shop.shop as
select
    1 as shop_id,
    'Feldweg Outdoor' as name,
    'EUR' as currency,
    getvariable('timezone') as iana_timezone,
    true as taxes_included,
    'monday' as week_start,
    1 as fiscal_year_start_month,
    30 as session_timeout_min,
    10 as engaged_session_seconds;

create table shop.locations as
select
    id,
    name,
    country_code,
    is_store,
    active
from (values
    (1, 'Warehouse Leipzig', 'DE', false, true),
    (2, 'Store Berlin', 'DE', true, true),
    (3, 'Store Vienna', 'AT', true, true),
    (4, 'Pop-up Hamburg', 'DE', true, false)
) as locations (id, name, country_code, is_store, active);

-- Working days only, as central banks publish them: who converts must carry the last rate on.
create table shop.fx_rates as
with

currencies as (
    select * from (values
        ('CHF', 1.0650, 0.020), ('GBP', 1.1850, 0.025), ('USD', 0.9150, 0.035)
    ) as currencies (from_currency, middle, swing)
),

days as (
    select cast(unnest(range(
        cast(getvariable('first_day') as timestamp),
        cast(getvariable('last_day') + 1 as timestamp),
        interval 1 day
    )) as date) as date
)

select
    days.date,
    currencies.from_currency,
    'EUR' as to_currency,
    cast(
        middle * (
            1
            + swing * sin(2 * pi() * (date_diff('day', date '2020-01-01', date) / 610.0 + middle))
            + 0.003 * draw_bell('fx', concat(from_currency, date))
        ) as decimal(18, 4)
    ) as rate
from days
cross join currencies
where isodow(days.date) <= 5;

-- Tax is that of the destination; rates in tenths of a percent. Switzerland is an export:
-- no tax, but duties. promise_days is what the checkout shows, transit_days what it takes.
create table countries as
select * from (values
    ('DE', 190, 70, 490, 8000, 4, 1, 3),
    ('AT', 200, 100, 990, 15000, 6, 2, 4),
    ('FR', 200, 55, 990, 15000, 7, 2, 5),
    ('BE', 210, 60, 990, 15000, 6, 2, 4),
    ('NL', 210, 90, 990, 15000, 6, 2, 4),
    ('CH', 0, 0, 1490, 25000, 8, 3, 6)
) as countries (
    country_code, standard_rate, reduced_rate, shipping_fee, free_shipping_from, promise_days,
    transit_days_low, transit_days_high
);
