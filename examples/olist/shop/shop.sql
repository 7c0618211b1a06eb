-- The export ends with the last delivery, on 2018-10-17.
select
    1 as shop_id,
    'Olist' as name,
    'BRL' as currency,
    'America/Sao_Paulo' as iana_timezone,
    false as taxes_included,
    date '2018-10-17' as complete_until
