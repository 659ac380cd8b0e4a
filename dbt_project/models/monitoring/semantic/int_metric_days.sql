{{ config(materialized="view") }}

with outcomes as (

    select * from {{ ref("daily_outcomes") }}

),

final as (

    select distinct display_date from outcomes

)

select * from final
