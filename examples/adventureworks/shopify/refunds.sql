-- The returns of the data name no order, so that none can be booked: present, and empty.
select
    null as id,
    null as order_id,
    null as processed_at,
    null as return_id
where false
