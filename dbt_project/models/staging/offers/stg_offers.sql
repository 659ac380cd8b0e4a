{{ config(post_hook="{{ keep_rejected_lines('offers') }}") }}

with records as (

    {{ read_input("offers", input_columns("offers"), required=["offer_id"]) }}

),

typed as (

    select
        *,
        {{ offer_status("status") }} as known_status,
        {{ text_to_boolean("is_fallback") }} as fallback_flag,
        {{ text_to_utc("start_date") }} as starts_at,
        {{ text_to_utc("end_date") }} as ends_at,
        case
            when try_cast(priority as double) = floor(try_cast(priority as double))
                then try_cast(try_cast(priority as double) as int)
        end as priority_number,
        {%- for amount in offer_amounts() %}
        {{ text_to_number(amount) }} as {{ amount }}_number,
        {%- endfor %}
        {{ content_id([
            "coalesce(known_status, status)",
            "coalesce(starts_at::varchar, start_date)",
            "coalesce(ends_at::varchar, end_date)",
            "coalesce(fallback_flag::varchar, is_fallback, 'false')",
            "placement_ids",
        ]) }} as limits
    from records

),

copies as (

    select
        *,
        row_number() over (partition by offer_id order by source_file, line_number) as copy_number,
        min(limits) over (partition by offer_id) = max(limits) over (partition by offer_id) as have_same_limits
    from typed

),

final as (

    select
        offer_id,
        coalesce(offer_name, offer_id) as offer_name,
        coalesce(known_status, lower(status)) as status,
        coalesce(priority_number, 0) as priority,
        starts_at as start_date,
        ends_at as end_date,
        coalesce(fallback_flag, false) as is_fallback,
        {{ text_to_list("placement_ids") }} as placement_ids,
        characteristics,
        {%- for amount in offer_amounts() %}
        {{ amount }}_number as {{ amount }},
        {%- endfor %}
        case
            when raw_line is not null and not {{ is_json_object("raw_line") }} then 'not a JSON object'
            when offer_id is null then 'no offer_id'
            when raw_line is not null and {{ has_repeated_field("raw_line") }} then 'a field is repeated'
            when not have_same_limits then 'offer_id is repeated with other limits'
            when copy_number > 1 then 'offer_id is repeated'
            when known_status is null then 'unknown status'
            when priority is not null and priority_number is null then 'priority is not a whole number'
            when start_date is not null and starts_at is null then 'start_date cannot be read as a time'
            when end_date is not null and ends_at is null then 'end_date cannot be read as a time'
            when ends_at <= starts_at then 'end_date is not after start_date'
            when is_fallback is not null and fallback_flag is null then 'is_fallback is not true or false'
            when characteristics is not null and not json_valid(characteristics) then 'characteristics is not JSON'
            {%- for amount in offer_amounts() %}
            when {{ amount }} is not null and coalesce({{ amount }}_number < 0 or {{ amount }}_number >= 1e12, true)
                then '{{ amount }} is not an amount from 0 to 1e12'
            {%- endfor %}
        end as reject_reason,
        left(
            coalesce(raw_line, to_json(struct_pack(offer_id, offer_name, status, priority, start_date := copies.start_date, end_date := copies.end_date, is_fallback := copies.is_fallback, placement_ids := copies.placement_ids, characteristics, {{ offer_amounts() | join(", ") }}))::varchar),
            2000
        ) as raw_text,
        source_file,
        line_number
    from copies

)

select * from final
