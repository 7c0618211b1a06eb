-- Adventure Works Cycles sits in Bothell, Washington; its files end with June 2023.
select
    1 as shop_id,
    'Adventure Works' as name,
    'USD' as currency,
    'America/Los_Angeles' as iana_timezone,
    false as taxes_included,
    date '2023-06-30' as complete_until
