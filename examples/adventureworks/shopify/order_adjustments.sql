-- No refund, no adjustment of one: see refunds.sql.
select
    null as id,
    null as order_id,
    null as refund_id,
    null as amount,
    null as tax_amount,
    null as kind
where false
