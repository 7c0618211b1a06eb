-- Who buys. A person is a number; everything about a person is drawn from that number, so an
-- order knows its buyer without looking anything up.

-- How many days ago did a returning buyer join? Most come back soon, some a year later for
-- the next season, a few at any time.
create macro days_since_joining(pace, gap) as
    case
        when pace < 0.60 then 4 + floor(-50 * ln(1 - gap))
        when pace < 0.78 then 350 + floor(36 * gap)
        else 20 + floor(-180 * ln(1 - gap))
    end;

-- Every order: its number, its place in the day, and the age of the shop when its buyer joined.
create view arrivals as
with

numbered as (
    select
        day,
        age,
        chunk,
        order_count,
        orders_before,
        is_retargeting,
        unnest(range(1, order_count + 1)) as position
    from days
),

drawn as (
    select
        *,
        orders_before + position as number,
        draw('returning', orders_before + position) < if(is_retargeting, 0.68, 0.54)
            as is_returning,
        draw('pace', orders_before + position) as pace,
        draw('gap', orders_before + position) as gap
    from numbered
),

looking_back as (
    select
        *,
        age - if(is_returning, days_since_joining(pace, gap), null) as returning_age
    from drawn
)

-- Who would have joined before the shop opened is new today.
select
    number,
    day,
    chunk,
    position,
    order_count,
    cast(if(returning_age >= 0, returning_age, age) as bigint) as joined_age,
    coalesce(returning_age < 0, true) as is_new
from looking_back;

-- How many people joined on each day, and so which numbers they have.
create table joiners as
with

counted as (
    select
        days.age,
        days.day,
        days.is_dutch_launched,
        coalesce(news.joined_count, 0) as joined_count
    from days
    left join (
        select
            day,
            count(*) as joined_count
        from arrivals
        where is_new
        group by day
    ) as news
        on days.day = news.day
)

select
    age,
    day,
    is_dutch_launched,
    joined_count,
    cast(sum(joined_count) over (order by age) - joined_count as bigint) as joined_before
from counted;

-- A quarter of the people of a day, the first ones, place two thirds of the later orders.
create macro pick_joiner(number, joined_before, joined_count) as
    joined_before + if(joined_count = 0, 0, 1 + cast(floor(
        joined_count * draw('joiner', number)
            * if(draw('loyal', number) < 0.55, 0.25, 1.0)
    ) as bigint));

create macro country_for(chance, is_dutch_launched) as
    case
        when chance < 0.74 then 'DE'
        when chance < 0.84 then 'AT'
        when chance < 0.89 then 'FR'
        when chance < 0.92 then 'BE'
        when chance < 0.96 then if(is_dutch_launched, 'NL', 'DE')
        else 'CH'
    end;

-- merged and chained people have several customer records, mixed ones sometimes buy as a
-- guest, unlisted ones have an id that no customer record knows.
create macro account_for(chance) as
    case
        when chance < 0.020 then 'merged'
        when chance < 0.026 then 'chained'
        when chance < 0.060 then 'mixed'
        when chance < 0.180 then 'guest'
        when chance < 0.184 then 'unlisted'
        when chance < 0.190 then 'deleted'
        else 'registered'
    end;

create macro first_name(person) as draw_from('first name', person, [
    'Ada', 'Bela', 'Carla', 'Dario', 'Elif', 'Fritzi', 'Gero', 'Hanne', 'Ida', 'Jona', 'Kaya',
    'Lio', 'Mila', 'Nele', 'Ole', 'Pia', 'Rosa', 'Sami', 'Tilda', 'Uwe', 'Vera', 'Yara'
]);

create macro last_name(person) as draw_from('last name', person, [
    'Ahorn', 'Bach', 'Distel', 'Erle', 'Farn', 'Ginster', 'Hasel', 'Iltis', 'Kiefer', 'Linde',
    'Mohn', 'Nessel', 'Otter', 'Pappel', 'Quitte', 'Rabe', 'Salbei', 'Tanne', 'Ulme', 'Wacholder'
]);

create macro person_email(person) as
    lower(concat(first_name(person), '.', last_name(person), person, '@example.org'));

-- One person, up to four records: 1 the main one, 2 and 3 merged into it, 5 somebody who
-- signed up on the same day and never bought.
create macro customer_id(person, record) as 10 * (100 + person) + record;

-- One buyer in five refuses to be tracked; the others have one cookie.
create macro person_cookie(person) as
    concat(1000000 + person, '.', 1600000000 + 7 * person);

-- Who has a customer account can log in.
create macro person_login(person) as
    if(
        account_for(draw('account', person)) in ('guest', 'unlisted'), null,
        customer_id(person, 1)::varchar
    );
