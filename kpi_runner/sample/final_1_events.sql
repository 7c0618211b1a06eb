-- Web events as Google Analytics exports them, written out of the visits that were kept. Nothing
-- is joined and nothing sorted here, so the rows stream into the file in the order of the visits.

create schema ga4;

create macro text_param(name, content) as {
    'key': name,
    'value': {
        'string_value': content, 'int_value': null::bigint,
        'float_value': null::double, 'double_value': null::double
    }
};

create macro number_param(name, content) as {
    'key': name,
    'value': {
        'string_value': null::varchar, 'int_value': content::bigint,
        'float_value': null::double, 'double_value': null::double
    }
};

create macro event_item(item) as {
    'item_id': item.item_id, 'item_name': item.item_name, 'item_category': item.item_category,
    'price': item.price, 'quantity': item.quantity::bigint,
    'item_revenue': null::double,
    'promotion_id': null::varchar, 'promotion_name': null::varchar,
    'creative_name': null::varchar, 'creative_slot': null::varchar
};

create view ga4.web_events as
with

spoken as (
    select
        * exclude (script),
        unnest(
            if(
                is_first,
                [getvariable('first_visit')] || getvariable('scripts')[script],
                getvariable('scripts')[script]
            )
        ) as step
    from kept.visits
),

timed as (
    select
        *,
        started + cast(step.elapsed * pace * 1000 as bigint) as happened,
        case step.page
            when 0 then landing_url
            when 1 then items[1].url
            when 2 then coalesce(items[2], items[1]).url
            else step.url
        end as page_location,
        if(is_bot, 0, cast(step.effort * least(pace, 2.0) as bigint)) as effort
    from spoken
),

known as (
    select *
    from timed
    where happened < getvariable('export_us')
)

select
    if(happened < midnight, today, tomorrow) as event_date,
    happened as event_timestamp,
    step.event as event_name,
    case
        when session_id is null then [text_param('page_location', page_location)]
        else [
            number_param('ga_session_id', session_id),
            number_param('ga_session_number', session_number),
            text_param('page_location', page_location)
        ]
    end || case
        when is_internal then [text_param('traffic_type', 'internal')]
        when step.event like 'video%' then [
            text_param('video_url', concat(page_location, '#video')),
            number_param('engagement_time_msec', effort)
        ]
        when effort > 0 then [number_param('engagement_time_msec', effort)]
        else []
    end as event_params,
    if(order_number > 0 and step.elapsed < login_at, null, user_id) as user_id,
    user_pseudo_id,
    if(is_first, started, null) as user_first_touch_timestamp,
    not is_bot as is_active_user,
    {
        'category': device, 'operating_system': operating_system, 'browser': browser,
        'language': 'de-de'
    } as device,
    {'country': country, 'region': null::varchar, 'city': null::varchar} as geo,
    {'name': null::varchar, 'medium': null::varchar, 'source': null::varchar}
        as traffic_source,
    case
        when step.is_landing and (source is not null or click_id is not null) then {
            'manual_campaign_name': campaign, 'manual_source': source,
            'manual_medium': medium, 'gclid': click_id
        }
        when step.page = 8 then {
            'manual_campaign_name': null, 'manual_source': 'newsletter',
            'manual_medium': 'email', 'gclid': null
        }
    end as collected_traffic_source,
    null::struct(manual_campaign struct(campaign_name varchar, source varchar, medium varchar))
        as session_traffic_source_last_click,
    if(step.event = 'purchase', purchase, null) as ecommerce,
    case
        when step.event in ('view_item', 'add_to_cart')
            then [event_item(coalesce(items[step.page], items[1]))]
        when step.event in ('begin_checkout', 'add_shipping_info', 'add_payment_info', 'view_cart')
            then list_transform(items, lambda item: event_item(item))
        when step.event = 'remove_from_cart' then [event_item(items[1])]
        when step.event = 'purchase'
            then list_transform(items, lambda item: event_item(item))
        when step.event in ('view_promotion', 'select_promotion') then [{
            'item_id': null, 'item_name': null, 'item_category': null, 'price': null,
            'quantity': null, 'item_revenue': null,
            'promotion_id': promotion_id, 'promotion_name': promotion_name,
            'creative_name': 'hero', 'creative_slot': 'home_top'
        }]
        else []
    end as items,
    'WEB' as platform,
    '4471' as stream_id,
    null::bigint as batch_page_id,
    step.position as batch_ordering_id,
    step.position as batch_event_index
from known;
