with

locations as (
    select * from {{ source('shop', 'locations') }}
),

final as (
    select
        id as location_id,
        name as location_name,
        country_code,
        is_store
    from locations
)

select * from final
