-- Sold online only: the shop has no stores, which is not the same as not knowing them.
select
    null as id,
    null as name,
    null as country_code,
    null as is_store
where false
