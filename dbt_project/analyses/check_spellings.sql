-- One row per distinct text of `clicked` and `traffic_type` in flat displays, with the value it is read as.
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
        'traffic_type' as column_name,
        traffic_type as spelling,
        lower(traffic_type) as meaning
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
