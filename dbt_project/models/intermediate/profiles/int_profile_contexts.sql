-- depends_on: {{ ref('stg_context_features') }}
-- depends_on: {{ ref('stg_flat__features') }}
{%- set names = context_names() -%}
{%- set values = [] -%}
{%- for name in names -%}
    {%- do values.append("max(context_value) filter (where context_key = " ~ quoted(name) ~ ")") -%}
{%- endfor %}

with displays as (

    select * from {{ ref("int_displays") }} where event_ts <= {{ as_of() }}

),

-- A number identifies a person in a placement, so that counting contexts is fast.
places as (

    select
        profile_id,
        placement_id,
        max(event_ts) as event_ts,
        row_number() over (order by profile_id, placement_id) as place_number,
        row_number() over (partition by profile_id order by max(event_ts) desc, placement_id) as recency
    from displays
    group by 1, 2

),

recent as (

    select
        displays.*,
        places.place_number,
        places.recency,
        displays.event_ts = places.event_ts as is_latest
    from displays
    inner join places
        on displays.profile_id = places.profile_id
        and displays.placement_id = places.placement_id
        and displays.event_ts > {{ add_days("places.event_ts", "-" ~ performance_days()) }}

),

last_displays as (

    select *
    from recent
    where is_latest
    qualify row_number() over (partition by place_number order by position, display_id) = 1

),

seen as (

    select
        place_number,
        context_text,
        count(*) as displays,
        max(event_ts) as event_ts
    from recent
    group by 1, 2

),

-- About half of the profiles always have the same context.
settled as (

    select
        place_number,
        min(context_text) as context_text
    from seen
    group by 1
    having count(*) = 1

),

counted as (

    select
        seen.place_number,
        context_values.key_number,
        context_values.value_number,
        sum(seen.displays) as displays,
        max(seen.event_ts) as event_ts
    from seen
    anti join settled on seen.place_number = settled.place_number
    inner join {{ ref("int_context_values") }} as context_values on seen.context_text = context_values.context_text
    group by 1, 2, 3

),

-- The usual context predicts the next visit better than the last context does.
usual_numbers as (

    select
        place_number,
        key_number,
        {{ value_at_greatest("value_number", ["displays", "event_ts", "value_number"]) }} as value_number
    from counted
    group by 1, 2

),

usual as (

    select
        usual_numbers.place_number,
        named.context_key,
        named.context_value
    from usual_numbers
    inner join (select distinct value_number, context_key, context_value from {{ ref("int_context_values") }}) as named
        on usual_numbers.value_number = named.value_number

),

habits as (

    select
        place_number,
        {{ map_of_names(names, values) }} as context
    from usual
    group by 1
    union all
    select
        settled.place_number,
        contexts.context
    from settled
    inner join {{ ref("int_contexts") }} as contexts on settled.context_text = contexts.context_text

),

final as (

    select
        last_displays.profile_id,
        last_displays.placement_id,
        last_displays.activity_id,
        last_displays.scope_id,
        coalesce(habits.context, {{ empty_map() }}) as context,
        last_displays.event_ts,
        last_displays.recency
    from last_displays
    left join habits on last_displays.place_number = habits.place_number

)

select * from final
