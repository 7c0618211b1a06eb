-- reads: {{ var('data_dir') }}/AdventureWorks_*.csv.gz
-- The files have no day of registration: a customer exists from the first order on.
with

customers as (
    select * from read_csv(
        '{{ var("data_dir") }}/AdventureWorks_Customers.csv.gz',
        all_varchar = true, encoding = 'latin-1'
    )
),

sales as (
    select * from read_csv(
        '{{ var("data_dir") }}/AdventureWorks_Sales_*.csv.gz', all_varchar = true
    )
),

first_orders as (
    select
        CustomerKey,
        min(strptime(OrderDate, ['%m-%d-%y', '%m/%d/%Y'])) as ordered_at
    from sales
    group by CustomerKey
),

final as (
    select
        customers.CustomerKey as id,
        customers.EmailAddress as email,
        first_orders.ordered_at at time zone 'America/Los_Angeles' as created_at
    from customers
    inner join first_orders
        on customers.CustomerKey = first_orders.CustomerKey
)

select * from final
