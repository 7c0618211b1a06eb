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

create view ga4.web_events as
with

spoken as (
    select
        * exclude (script),
        unnest(getvariable('scripts')[script + if(is_first, getvariable('script_count'), 0)])
            as step
    from kept.visits
),

timed as (
    select
        *,
        started + 1000 * cast(step.elapsed * pace as bigint) as happened,
        case step.page
            when 0 then landing_url
            when 1 then first_url
            when 2 then second_url
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
        when is_internal then [
            number_param('ga_session_id', session_id),
            number_param('ga_session_number', session_number),
            text_param('page_location', page_location),
            text_param('traffic_type', 'internal')
        ]
        when step.event like 'video%' then [
            number_param('ga_session_id', session_id),
            number_param('ga_session_number', session_number),
            text_param('page_location', page_location),
            text_param('video_url', concat(page_location, '#video')),
            number_param('engagement_time_msec', effort)
        ]
        when effort > 0 then [
            number_param('ga_session_id', session_id),
            number_param('ga_session_number', session_number),
            text_param('page_location', page_location),
            number_param('engagement_time_msec', effort)
        ]
        else [
            number_param('ga_session_id', session_id),
            number_param('ga_session_number', session_number),
            text_param('page_location', page_location)
        ]
    end as event_params,
    if(order_number > 0 and step.elapsed < login_at, null, user_id) as user_id,
    user_pseudo_id,
    if(step.event = 'first_visit', started, null) as user_first_touch_timestamp,
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
    case step.shows
        when 'one' then [coalesce(items[step.page], items[1])]
        when 'first' then items[1:1]
        when 'all' then items
        when 'promotion' then promotion
        else []
    end as items,
    'WEB' as platform,
    '4471' as stream_id,
    null::bigint as batch_page_id,
    step.position as batch_ordering_id,
    step.position as batch_event_index
from known;
