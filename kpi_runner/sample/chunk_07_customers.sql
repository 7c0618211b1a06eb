-- Customers as the shop system knows them, and which of them an order is booked on.

create or replace table buyers as
with

people as (
    select
        number,
        person,
        source_name,
        is_anonymous or person is null as is_anonymous,
        source_name in ('580111', '2329312') as is_marketplace,
        account_for(draw('account', person)) as account,
        person_email(person) as email,
        draw('record', number) as record_chance,
        draw('typing', number) as typing_chance
    from order_heads
)

select
    number,
    case
        when is_anonymous or is_marketplace or account = 'guest' then null
        when account = 'mixed' and record_chance < 0.40 then null
        when account = 'merged' and record_chance < 0.50 then customer_id(person, 2)
        when account = 'chained' and record_chance < 0.70
            then customer_id(person, if(record_chance < 0.35, 2, 3))
        else customer_id(person, 1)
    end as customer_id,
    -- People who type their address do not always type it the same way.
    case
        when is_anonymous then null
        when is_marketplace then concat('buyer', person, '@marketplace.example')
        when source_name = 'pos' or typing_chance < 0.90 then email
        when typing_chance < 0.97 then concat(upper(email[1]), email[2:])
        when typing_chance < 0.99 then upper(email)
        else concat(' ', email)
    end as email
from people;

create or replace table shopify.customers as
with

people as (
    select
        person,
        home_country,
        ordered_at,
        account_for(draw('account', person)) as account
    from order_heads
    where is_new
        and person is not null
),

records as (
    select
        *,
        unnest(case
            when account = 'merged' then [1, 2]
            when account = 'chained' then [1, 2, 3]
            when account in ('guest', 'unlisted') then []
            else [1]
        end || if(draw('sign-up', person) < 0.06, [5], [])) as record
    from people
),

dated as (
    select
        *,
        ordered_at - to_minutes(draw_between('joined', concat(person, '/', record), 2, 20))
            as created_at,
        draw('consent', concat(person, '/', record)) as consent
    from records
)

select
    customer_id(person, record) as id,
    if(
        record = 1, person_email(person),
        concat(if(record = 5, 'reader', 'second'), record, '.', person, '@example.org')
    ) as email,
    if(draw('phone', person) < 0.25, concat('+4930', 5550000 + person), null) as phone,
    if(record = 5, null, first_name(person)) as first_name,
    if(record = 5, null, last_name(person)) as last_name,
    created_at,
    created_at + interval 1 minute as updated_at,
    if(record = 5 or draw('state', person) < 0.55, 'enabled', 'disabled') as state,
    cast(null as integer) as orders_count,
    cast(null as decimal(18, 2)) as total_spent,
    'EUR' as currency,
    home_country as country_code,
    if(record = 2, 'loyalty', null) as tags,
    case
        when record = 5 or consent < 0.42 then 'subscribed'
        when consent < 0.46 then 'pending'
        when consent < 0.54 then 'unsubscribed'
        else 'not_subscribed'
    end as email_marketing_consent_state,
    if(record = 5 or consent < 0.54, created_at, null)
        as email_marketing_consent_consent_updated_at,
    if(record in (2, 3), customer_id(person, record - 1), null) as merged_into_customer_id,
    account = 'deleted' and record = 1 as _fivetran_deleted
from dated;
