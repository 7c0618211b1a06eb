-- No refund, no line of one: see refunds.sql.
select
    null as id,
    null as refund_id,
    null as order_line_id,
    null as quantity,
    null as subtotal,
    null as total_tax,
    null as restock_type
where false
