-- One row per distinct text of `clicked`, `is_final`, `traffic_type` and the text columns `seg_*` of flat displays, with the
-- value it is read as.
with records as (

    {{ read_displays(raw_files("displays")) }}

),

texts as (

    select
        'clicked' as column_name,
        clicked_text as spelling,
        {{ text_to_boolean("clicked_text") }}::varchar as meaning
    from records
    union all
    select
        'is_final' as column_name,
        is_final_text as spelling,
        {{ text_to_boolean("is_final_text") }}::varchar as meaning
    from records
    {%- for path in raw_files_of_kind("displays", ["csv", "parquet", "table"]) %}
        {%- set file = read_file("displays", path, raw_file_kind(path)) -%}
        {%- for column in prefixed_columns(path, "seg", file["types"] | list).values() if file["types"][column] == "VARCHAR" %}
    union all
    select
        {{ quoted(column) }} as column_name,
        {{ without_null_mark(identifier(column)) }} as spelling,
        {{ text_to_boolean(identifier(column)) }}::varchar as meaning
    from {{ file["relation"] }}
        {%- endfor %}
    {%- endfor %}
    union all
    select
        'traffic_type' as column_name,
        traffic_type as spelling,
        {{ spelled_traffic_type("traffic_type") }} as meaning
    from records

)

select
    column_name,
    spelling,
    meaning,
    count(*) as records
from texts
where spelling is not null
group by 1, 2, 3
qualify row_number() over (partition by column_name order by count(*) desc, spelling) <= 6
order by column_name, records desc, spelling
