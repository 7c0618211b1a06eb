==> in
select
 case when orders.taxes_included then order_items.tax_amount else order_items.other_amount end as tax_amount,
 case when orders.is_valid_order then row_number() over (partition by person_id) end as valid_order_rank,
 coalesce(persons.person_id, placed.customer_id, emails.person_id, 'guest-' || md5(placed.email)) as person_id,
 row_number() over (partition by customer_email, customer_kind order by created_at, customer_id) as customer_rank,
 sum(orders.gross_amount) - sum(orders.discount_amount) - coalesce(sum(refunds.refunded_amount), 0) - sum(fee) as net_amount
from orders where orders.shipping_country_code = 'DE' or coalesce(orders.billing_country_code, orders.customer_country_code) = 'DE'
group by orders.a_rather_long_name_of_a_column, orders.another_long_name_of_a_column, orders.and_a_third_one
==> out
select
    case
        when orders.taxes_included then order_items.tax_amount
        else order_items.other_amount
    end as tax_amount,
    case when orders.is_valid_order then row_number() over (partition by person_id) end
        as valid_order_rank,
    coalesce(persons.person_id, placed.customer_id, emails.person_id, 'guest-' || md5(placed.email))
        as person_id,
    row_number() over (
        partition by customer_email, customer_kind
        order by created_at, customer_id
    ) as customer_rank,
    sum(orders.gross_amount)
        - sum(orders.discount_amount)
        - coalesce(sum(refunds.refunded_amount), 0)
        - sum(fee) as net_amount
from orders
where orders.shipping_country_code = 'DE'
    or coalesce(orders.billing_country_code, orders.customer_country_code) = 'DE'
group by
    orders.a_rather_long_name_of_a_column,
    orders.another_long_name_of_a_column,
    orders.and_a_third_one
